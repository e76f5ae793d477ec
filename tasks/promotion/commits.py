"""Commits and what they say, as git tells of them: whatever a message holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..kernel import git as g


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and its message.

    Attributes:
        id: of the commit.
        at: when it was made, in seconds since 1970 (UTC).
        message: all of it.
    """

    id: str
    at: int
    message: str


def log(mirror: Path, *which: str) -> list[Commit]:
    """Return commits, the newest first.

    Args:
        mirror: a repository with the objects.
        which: of them, as `git log` takes it; paths are meant to the letter.

    Raises:
        GitError: there is no such commit.
    """
    form = ("-z", "--no-show-signature", "--format=%H%x00%ct%x00%B")
    told = g.git("log", *form, *which, repo=mirror, env={"GIT_LITERAL_PATHSPECS": "1"})
    # Each of them ends with NUL, the one character that no message can hold.
    fields = told.decode("utf-8", "replace").split("\0")
    each = zip(fields[::3], fields[1::3], fields[2::3], strict=False)
    return [Commit(commit, int(at), message) for commit, at, message in each]
