"""A stretch of history without a merge, and which of its commits touch a path.

Most commits of a deployments repository change nothing for most environments. On a straight line
they are skipped: the walk asks where the next commit is that changes a path it cares for, and the
lines are read once for all environments.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from .globs import Matches

if TYPE_CHECKING:
    from .repository import Repository

_PIECES = (64, 4096)  # commits of a piece: few at first, most walks are short


class Piece:
    """Some steps of a line, each from a commit to its only parent.

    Args:
        begin: number of the first step.
        end: number behind the last one.
        steps: path → the steps that change it, ascending.
    """

    __slots__ = ("begin", "end", "steps")

    def __init__(self, begin: int, end: int, steps: dict[str, list[int]]) -> None:
        self.begin, self.end, self.steps = begin, end, steps

    def first(self, path: str, at: int) -> int | None:
        """Return the first step from `at` on that changes a path; None for none here."""
        steps = self.steps[path]
        place = bisect_left(steps, at)
        return steps[place] if place < len(steps) else None


class Line:
    """The commits from one on, as far as each has exactly one parent.

    Args:
        repository: where.
        start: the first commit.

    Attributes:
        number: commit → its place; a step has that of its commit.
        remoded: steps that change the mode of a file, and not its content.
    """

    def __init__(self, repository: Repository, start: str) -> None:
        self.repository = repository
        self.commits = [start]
        self.number = {start: 0}
        self.pieces: list[Piece] = []
        self.remoded: list[int] = []

    def _pieces(self, at: int) -> Iterator[Piece]:
        """Yield the pieces from a step on, reading on where they are not known yet."""
        place = 0
        while True:
            while place == len(self.pieces):
                if not self._read_on():
                    return
            piece = self.pieces[place]
            place += 1
            if piece.end > at:
                yield piece

    def _read_on(self) -> bool:
        begin = len(self.commits) - 1
        most = _PIECES[0] if not self.pieces else _PIECES[1]
        steps: dict[str, list[int]] = {}
        commits, numbers, repository = self.commits, self.number, self.repository
        commit = commits[begin]
        for number in range(begin, begin + most):
            parents = repository.parents(commit)
            if len(parents) != 1:
                break
            (parent,) = parents
            for path in repository.changes(commit, parent):
                steps.setdefault(path, []).append(number)
            if (commit, parent) in repository.remoded:
                self.remoded.append(number)
            numbers[parent] = number + 1
            commits.append(parent)
            commit = parent
        end = len(self.commits) - 1
        if end == begin:
            return False
        self.pieces.append(Piece(begin, end, steps))
        return True

    def goes_on_to(self, commit: str) -> bool:
        """Say whether a commit comes next, where this line has been read to; then it is on it."""
        if self.repository.parents(self.commits[-1]) != (commit,):
            return False
        return self._read_on()

    def quiet_until(self, commit: str, cares: Matches) -> str:
        """Return the last commit of the line before a step that changes a path cared for.

        Args:
            commit: one of the line.
            cares: the test of paths.
        """
        at = self.number[commit]
        known: dict[str, bool] = {}
        for piece in self._pieces(at):
            found: list[int] = []
            for path in piece.steps:
                if path not in known:
                    known[path] = cares(path)
                if known[path] and (step := piece.first(path, at)) is not None:
                    found.append(step)
            if found:
                return self.commits[min(found)]
        return self.commits[-1]

    def last_changes(self, commit: str, paths: Collection[str]) -> tuple[dict[str, str], str]:
        """Return path → the commit of the line that changed it last, and where the line ends.

        Args:
            commit: one of the line, to begin at.
            paths: what is asked for; those that nothing here changes are left out.
        """
        at = self.number[commit]
        left, found = set(paths), dict[str, str]()
        for piece in self._pieces(at):
            for path in left & piece.steps.keys():
                step = piece.first(path, at)
                if step is not None:
                    found[path] = self.commits[step]
                    left.discard(path)
            if not left:
                return found, self.commits[-1]
        return found, self.commits[-1]
