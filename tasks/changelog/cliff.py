"""git-cliff: one section from one range of commits."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from ..kernel import git as g
from ..kernel import paths, programs
from ..kernel.errors import SlipwayError

OWN = "templates/cliff.toml"
THEIRS = "cliff.toml"


class Span(NamedTuple):
    """What a section tells of.

    Attributes:
        commit: the last commit that goes in.
        since: the commit of the last release; None for the whole history.
        previous: the tag of the last release; "" when there is none.
        version: the version in the heading.
    """

    commit: str
    since: str | None
    previous: str
    version: str


def today() -> str:
    """Return the date of a new section: this day in UTC, unless SOURCE_DATE_EPOCH fixes it.

    Raises:
        SlipwayError: SOURCE_DATE_EPOCH is no number of seconds.
    """
    from datetime import UTC, datetime

    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if not fixed:
        return datetime.now(UTC).date().isoformat()
    try:
        return datetime.fromtimestamp(int(fixed), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise SlipwayError(
            f"SOURCE_DATE_EPOCH={fixed} is no number of seconds", fix="unset it"
        ) from None


def configuration(
    repo: Path, commit: str, chosen: str | None, where: str = "pipeline.yml: release.cliff"
) -> tuple[bytes, str]:
    """Return git-cliff's configuration, and how a message names it.

    Args:
        repo: the repository that is released.
        commit: where in its history.
        chosen: the path of the configuration in it; None for its `cliff.toml` if there is one,
            else ours.
        where: what chose it.

    Raises:
        SlipwayError: the chosen one is not there.
    """
    path = chosen or THEIRS
    if g.returncode("cat-file", "-e", f"{commit}:{path}", repo=repo) == 0:
        from ..kernel import remotes  # with all of the configuration behind it

        return remotes.files_at(repo, commit, path) or b"", f"{path} of the source"
    if chosen:
        raise SlipwayError(
            f"there is no {chosen} in {commit[:7]}",
            where=where,
            fix="commit it, or leave the key out for cliff.toml or the built-in one",
        )
    return (paths.ROOT / OWN).read_bytes(), OWN


def write_section(
    repo: Path, span: Span, chosen: str | None, scratch: Path, *, alone: bool = False
) -> str:
    """Return the section of a version as git-cliff writes it, with today's date in its heading.

    Args:
        repo: the repository, bare or not; nothing is written into it.
        span: the range.
        chosen: see `configuration`.
        scratch: an empty folder.
        alone: see `programs.run`.

    Raises:
        Failed: git-cliff refused its configuration.
        SlipwayError: the chosen configuration is not there, or git-cliff is not installed.
    """
    by = ("--config",) if alone else ()
    content, named = configuration(repo, span.commit, chosen, *by)
    config = scratch / "cliff.toml"
    config.write_bytes(content)
    bare = _view(repo, span, scratch / "view.git")
    commits = [f"{span.since}..{span.commit}"] if span.since else []
    done = programs.run(
        [_program(), "--repository", str(bare), "--workdir", str(scratch), "--config", str(config),
         "--tag", span.version, "--no-exec", "--offline", "--strip", "all", "--", *commits],
        cwd=scratch, env={"NO_COLOR": "1"}, timeout=600, what=f"git-cliff with {named}",
        alone=alone,
    )  # fmt: skip
    return done.out


def _view(repo: Path, span: Span, bare: Path) -> Path:
    """Make a repository of no objects of its own, whose one tag is the last release's.

    git-cliff looks at every tag there is, which on a long history takes longer than all the rest,
    and tags inside the range would split it: the one heading is ours to give.
    """
    place = g.text("rev-parse", "--path-format=absolute", "--git-path", "objects", repo=repo)
    (bare / "objects/info").mkdir(parents=True)
    (bare / "objects/info/alternates").write_text(f"{place}\n", "utf-8", "surrogateescape")
    (bare / "refs/tags").mkdir(parents=True)
    (bare / "HEAD").write_text(f"{span.commit}\n")
    if span.since and span.previous:
        (bare / "packed-refs").write_text(f"{span.since} refs/tags/{span.previous}\n")
    size = len(span.commit)
    extension = "[extensions]\n\tobjectFormat = sha256\n" if size == 64 else ""
    version = 1 if extension else 0
    (bare / "config").write_text(
        f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extension}"
    )
    return bare


def _program() -> str:
    return programs.find("git-cliff", near=[Path(sys.executable).parent])
