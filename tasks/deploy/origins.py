"""The commits that what is deployed comes from: those that brought files, and took some away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..kernel import git as g
from ..kernel.world import World
from ..promotion import commits, head

if TYPE_CHECKING:
    from ..promotion import engine

_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def commits_of(
    world: World, commit: str, differences: Sequence[engine.Difference]
) -> list[tuple[str, str]]:
    """Return the commits that differences come from, with their summaries, the newest first.

    Those are not only the last ones of each file: all that came since what is there are brought.

    Args:
        world: whose mirror.
        commit: the head that is asked about.
        differences: file by file.
    """
    words = _removals(world, commit, [one.path for one in differences if one.new is None])
    words |= _since(world, differences)
    words |= {one.new.from_commit: one.new.message for one in differences if one.new}
    if not words:
        return []
    ordered = g.lines("rev-list", "--no-walk=sorted", *sorted(words), "--", repo=head.mirror(world))
    return [(commit, words[commit]) for commit in ordered]


def _since(world: World, differences: Iterable[engine.Difference]) -> dict[str, str]:
    """Return the commits between what files were and what they are to be.

    Files that were last changed together are asked about together. One that is there for the first
    time has no such commits.
    """
    stretches: dict[tuple[str, str], list[str]] = {}
    for one in differences:
        if one.old and one.new and one.old.from_commit != one.new.from_commit:
            ends = one.old.from_commit, one.new.from_commit
            stretches.setdefault(ends, []).append(one.path)
    found: dict[str, str] = {}
    for (old, new), paths in stretches.items():
        with suppress(g.GitError):  # the history was rewritten: what was there is in it no more
            found |= _words(world, f"{old}..{new}", "--", *paths)
    return found


def _removals(world: World, commit: str, gone: Sequence[str]) -> dict[str, str]:
    """Return the last commits that removed some files.

    What was never removed is only not asked for any more: that is the rules' last commit.
    """
    if not gone:
        return {}
    found: set[str] = set()
    left = set(gone)
    for at, paths in _deletions(world, commit, gone):
        if taken := left & set(paths):
            found.add(at)
            left -= taken
    words = _words(world, "--no-walk", *sorted(found)) if found else {}
    if left:
        words |= _words(world, "--max-count=1", commit, "--", world.config.deployments.cepler)
    return words


def _deletions(
    world: World, commit: str, paths: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the commits that removed one of some files, the newest first, and what they removed."""
    form = ("--no-renames", "--diff-filter=D", "--name-only", "-z", "--format=%x01%H")
    which = ("log", *form, commit, "--", *paths)
    for one in g.text("--literal-pathspecs", *which, repo=head.mirror(world)).split("\x01"):
        at, *names = one.split("\0")
        if _COMMIT.fullmatch(at):
            yield at, [name.lstrip("\n") for name in names]


def _words(world: World, *which: str) -> dict[str, str]:
    """Return commit → summary."""
    from ..promotion import engine

    told = commits.log(head.mirror(world), *which)
    return {one.id: engine.summary(one.message.encode()) for one in told}
