"""The commits that what is deployed comes from: those that brought files, and took some away."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ..kernel import git as g
from ..kernel.world import World
from ..promotion import head, repository_of

if TYPE_CHECKING:
    from ..promotion import engine

_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class Brings(NamedTuple):
    """A commit that differences come from.

    Attributes:
        commit: its id.
        message: its summary.
        paths: those of the differences that it has changed.
    """

    commit: str
    message: str
    paths: frozenset[str]


def commits_of(world: World, commit: str, differences: Sequence[engine.Difference]) -> list[Brings]:
    """Return the commits that differences come from, the newest first.

    Those are not only the last ones of each file: all that came since what is there are brought.

    Args:
        world: whose mirror.
        commit: the head that is asked about.
        differences: file by file.
    """
    paths = _removals(world, commit, [one.path for one in differences if one.new is None])
    for at, some in _since(world, differences):
        paths.setdefault(at, set()).update(some)
    for one in differences:
        if one.new:
            paths.setdefault(one.new.from_commit, set()).add(one.path)
    if not paths:
        return []
    words = _words(world, paths) | {
        one.new.from_commit: one.new.message for one in differences if one.new
    }
    mirror = head.mirror(world)
    ordered = g.lines("rev-list", "--no-walk=sorted", *sorted(paths), "--", repo=mirror)
    return [Brings(at, words[at], frozenset(paths[at])) for at in ordered]


def _since(
    world: World, differences: Iterable[engine.Difference]
) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the commits between what files were and what they are to be, and what they changed.

    Files that were last changed together are asked about together. One that is there for the first
    time has no such commits.
    """
    stretches: dict[tuple[str, str], list[str]] = {}
    for one in differences:
        if one.old and one.new and one.old.from_commit != one.new.from_commit:
            ends = one.old.from_commit, one.new.from_commit
            stretches.setdefault(ends, []).append(one.path)
    for (old, new), paths in stretches.items():
        with suppress(g.GitError):  # the history was rewritten: what was there is in it no more
            yield from _changing(world, (f"{old}..{new}",), paths)


def _removals(world: World, commit: str, gone: Sequence[str]) -> dict[str, set[str]]:
    """Return the last commits that removed some files, and which.

    What was never removed is only not asked for any more: that is the rules' last commit.
    """
    found: dict[str, set[str]] = {}
    left = set(gone)
    for at, paths in _changing(world, ("--diff-filter=D", commit), gone) if gone else ():
        if taken := left & set(paths):
            found[at] = taken
            left -= taken
    if left:
        rules = world.config.deployments.cepler
        for at, _ in _changing(world, ("--max-count=1", commit), [rules]):
            found.setdefault(at, set()).update(left)
    return found


def _changing(
    world: World, which: Sequence[str], paths: Sequence[str]
) -> Iterator[tuple[str, Collection[str]]]:
    """Yield commits that changed one of some files, the newest first, and which they changed."""
    form = ("--no-renames", "--name-only", "-z", "--format=%x01%H")
    words = ("log", *form, *which, "--", *paths)
    for one in g.text("--literal-pathspecs", *words, repo=head.mirror(world)).split("\x01"):
        at, *names = one.split("\0")
        if _COMMIT.fullmatch(at):
            yield at, [name.lstrip("\n") for name in names if name.strip()]


def _words(world: World, ids: Iterable[str]) -> dict[str, str]:
    """Return commit → summary."""
    return repository_of(world).summaries(ids)
