"""The seeds of the three remotes: where each is edited, and which files of it count."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

HISTORY = "sandbox/history.yml"

# What no seed ever means to hold, whatever its own .gitignore files say.
NEVER_FOLDERS = ("__pycache__", ".terraform")
NEVER_FILES = ("*.py[co]", ".DS_Store", "*~", ".*.sw[a-p]", "*.tfstate", "*.tfstate.*")


@dataclass(frozen=True)
class Seed:
    """The folder that people edit, the place of its remote, the type of commits for edits."""

    folder: str
    remote: str
    commit_type: str


SEEDS: Mapping[str, Seed] = {
    "source": Seed("sandbox/source", ".sandbox/remotes/source.git", "fix"),
    "charts": Seed("sandbox/charts", ".sandbox/remotes/charts.git", "chore"),
    "deployments": Seed("envs", ".sandbox/remotes/deployments.git", "chore"),
}
KINDS = tuple(SEEDS)


def seed_folder(kind: str) -> str:
    """Return the folder a remote's content is edited in, relative to the project's root."""
    return SEEDS[kind].folder


def seed_files(root: Path, kinds: Iterable[str]) -> list[str]:
    """Return the files that can change what the sandbox holds, relative to `root` and sorted.

    It asks no git, so that a task can declare them: files that a seed's own `.gitignore` leaves out
    are among them. Links are not.
    """
    found = [HISTORY] if (root / HISTORY).is_file() else []
    for kind in kinds:
        for folder, inside, names in os.walk(root / seed_folder(kind)):
            inside[:] = [name for name in inside if name not in NEVER_FOLDERS]
            kept = (n for n in names if not any(fnmatchcase(n, never) for never in NEVER_FILES))
            files = (Path(folder) / name for name in kept)
            found += [f.relative_to(root).as_posix() for f in files if not f.is_symlink()]
    return sorted(found)
