"""git-cliff: one section from one range of commits."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from ..kernel import paths, programs, remotes
from ..kernel.errors import SlipwayError
from ..kernel.world import World

OWN = "templates/cliff.toml"


def today() -> str:
    """Return the date of a new section: this day in UTC, unless SOURCE_DATE_EPOCH fixes it.

    Raises:
        SlipwayError: SOURCE_DATE_EPOCH is no number of seconds.
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if not fixed:
        return datetime.now(UTC).date().isoformat()
    try:
        return datetime.fromtimestamp(int(fixed), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise SlipwayError(
            f"SOURCE_DATE_EPOCH={fixed} is no number of seconds", fix="unset it"
        ) from None


def _program() -> str:
    return programs.find("git-cliff", near=[Path(sys.executable).parent])


def _tidy(path: Path) -> str:
    return f"{path.name} of the source" if path.name == "cliff.toml" else OWN


def write_section(world: World, commit: str, since: str | None, version: str, task: str) -> str:
    """Return the section of a version.

    Args:
        world: whose mirror of the source.
        commit: the last commit that goes in.
        since: the commit of the last release; None for the whole history.
        version: the version in the heading.
        task: whose scratch folder to use.

    Raises:
        Failed: git-cliff refused its configuration or the repository.
    """
    mirror = world.mirror("source")
    with remotes.checkout(world, "source", commit, task) as tree:
        configured = remotes.files_at(mirror, commit, "cliff.toml")
        config = tree / "cliff.toml" if configured is not None else paths.ROOT / OWN
        span = [f"{since}..{commit}"] if since else []
        # Tags inside the range would split it; the one heading is ours to give.
        done = programs.run(
            [_program(), "--repository", str(tree), "--workdir", str(tree), "--config", str(config),
             "--ignore-tags", ".*", "--tag", version, "--no-exec", "--offline", "--", *span],
            cwd=tree, env={"NO_COLOR": "1"}, timeout=600, what=f"git-cliff with {_tidy(config)}",
        )  # fmt: skip
    return done.out
