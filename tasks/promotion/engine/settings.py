"""What the command line says: which configuration, which gates, and where that is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError, WrongUsage

from . import config as c
from . import records

_HANDED_ON = ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY")


def handed_on() -> dict[str, str]:
    """Return the variables by which git was told of a repository, as absolute paths."""
    here = Path.cwd()
    return {name: str(here / os.environ[name]) for name in _HANDED_ON if name in os.environ}


@dataclass(frozen=True)
class Settings:
    """What the command line said.

    Attributes:
        config: path of `cepler.yml`, as typed.
        ignore_queue: jump to the upstream's current state.
        gates: path of the gates file, as typed; None without gates.
        gates_branch: the branch that has it; None for the disk.
        env: what to add to git's environment (the key for its ssh).
    """

    config: str = c.DEFAULT_PATH
    ignore_queue: bool = False
    gates: str | None = None
    gates_branch: str | None = None
    env: Mapping[str, str] | None = None


def read_config(typed: str, path: str) -> c.Config:
    """Read the configuration from disk.

    Args:
        typed: where, relative to the current folder.
        path: where it stands in the repository.

    Raises:
        WrongUsage: it is not there or not valid.
    """
    try:
        content = Path(typed).read_bytes()
    except OSError as error:
        raise WrongUsage("Couldn't open config file", detail=[words_of(error, typed)]) from None
    return c.parse(content, path)


def recorded_head(typed: str, environment: str) -> str | None:
    """Return the recorded head of an environment; asks neither git nor the environments."""
    path = Path(typed)
    settings = read_config(typed, path.name)
    record = records.in_folder(path.parent / settings.folder).get(environment)
    return record.current.head_commit if record else None


def words_of(error: OSError, path: str) -> str:
    """Return why a file could not be opened."""
    return f"{path}: {error.strerror or error}"


def root_of(env: Mapping[str, str]) -> tuple[Path, SlipwayError | None]:
    """Return the root of the work tree we are in; outside of one this folder, and the reason."""
    try:
        return Path(g.text("rev-parse", "--show-toplevel", env=env)), None
    except g.GitError as error:
        return Path.cwd(), SlipwayError("Couldn't open repo", detail=[error.what, *error.detail])


def path_in(root: Path, typed: str) -> str:
    """Return a path as the repository knows it, however it was typed.

    Raises:
        WrongUsage: it is not inside.
    """
    path = Path(typed)
    full = Path(os.path.realpath(path.parent)) / path.name
    try:
        return full.relative_to(os.path.realpath(root)).as_posix()
    except ValueError:
        raise WrongUsage(f"{typed} is not in the repository {root}") from None
