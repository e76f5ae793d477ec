"""Which commit last changed each of many files, in one walk for all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from .repository import Repository


def origins(repository: Repository, start: str, paths: Mapping[str, str]) -> dict[str, str]:
    """Return path → the commit that last changed it, seen from a commit.

    Each file's walk is breadth-first over the parents that have the same content; it ends at a
    commit none of whose parents has it. Files whose walks have gone the same way go on together,
    so that the cost is that of the history, not of the history times the files.

    Args:
        repository: where.
        start: a commit that has all of the files.
        paths: path → blob id there.
    """
    found: dict[str, str] = {}
    groups = [(set(paths), deque([start]), {start})]
    while groups:
        files, waiting, seen = groups.pop()
        while files:
            commit = waiting.popleft()
            if not waiting:  # a straight line: nothing else is on its way to what is behind it
                changed, commit = repository.line(commit).last_changes(commit, files)
                found.update(changed)
                files = files - changed.keys()
                if not files:
                    break
            parents = repository.parents(commit)
            split = _split(repository, commit, parents, files)
            ended = split.pop((), set())
            routes = list(split.items())
            for holding, some in routes[1:]:
                line, known = deque(waiting), set(seen)
                if _enqueue(holding, line, known):
                    groups.append((some, line, known))
                else:
                    ended |= some
            files = routes[0][1] if routes else set()
            if routes and not _enqueue(routes[0][0], waiting, seen):
                ended |= files
                files = set()
            found.update(dict.fromkeys(ended, commit))
    return found


def _split(
    repository: Repository, commit: str, parents: tuple[str, ...], files: set[str]
) -> dict[tuple[str, ...], set[str]]:
    """Return the files by the parents that have them with the same content; most have them all."""
    changed = {parent: files & repository.changes(commit, parent).keys() for parent in set(parents)}
    odd = set().union(*changed.values())
    split: dict[tuple[str, ...], set[str]] = {}
    if len(odd) < len(files):
        split[parents] = files - odd
    for path in odd:
        holding = tuple(parent for parent in parents if path not in changed[parent])
        split.setdefault(holding, set()).add(path)
    return split


def _enqueue(parents: tuple[str, ...], waiting: deque[str], seen: set[str]) -> bool:
    """Add the parents not seen yet; say whether there is anywhere left to go."""
    for parent in parents:
        if parent not in seen:
            seen.add(parent)
            waiting.append(parent)
    return bool(waiting)
