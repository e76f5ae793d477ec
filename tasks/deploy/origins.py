"""The commits that what is deployed comes from: those that brought files, and took some away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..kernel import git as g
from ..kernel.world import World
from ..promotion import head

if TYPE_CHECKING:
    from ..promotion import engine

_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def commits_of(
    world: World, commit: str, differences: Iterable[engine.Difference]
) -> list[tuple[str, str]]:
    """Return the commits that differences come from, with their summaries, the newest first.

    Args:
        world: whose mirror.
        commit: the head that is asked about.
        differences: file by file.
    """
    words: dict[str, str] = {}
    gone: list[str] = []
    for one in differences:
        if one.new:
            words[one.new.from_commit] = one.new.message
        else:
            gone.append(one.path)
    words = _removals(world, commit, gone) | words
    if not words:
        return []
    ordered = g.lines("rev-list", "--no-walk=sorted", *sorted(words), "--", repo=head.mirror(world))
    return [(commit, words[commit]) for commit in ordered]


def _removals(world: World, commit: str, gone: Sequence[str]) -> dict[str, str]:
    """Return the last commits that removed some files.

    What was never removed is only not asked for any more: that is the rules' last commit.
    """
    if not gone:
        return {}
    found: dict[str, str] = {}
    left = set(gone)
    for at, summary, paths in _log(world, commit, "--diff-filter=D", "--", *gone):
        if taken := left & set(paths):
            found[at] = summary
            left -= taken
    if left:
        rules = world.config.deployments.cepler
        found |= {at: said for at, said, _ in _log(world, commit, "--max-count=1", "--", rules)}
    return found


def _log(world: World, commit: str, *which: str) -> list[tuple[str, str, list[str]]]:
    """Return commit, summary and paths of some of the history, the newest first."""
    options, paths = which[: which.index("--")], which[which.index("--") :]
    form = ("log", "--no-renames", "--name-only", "-z", "--format=%x01%H%x00%s", *options)
    told = g.text("--literal-pathspecs", *form, commit, *paths, repo=head.mirror(world))
    found = []
    for one in told.split("\x01"):
        at, _, rest = one.partition("\0")
        if _COMMIT.fullmatch(at):
            summary, *names = rest.split("\0")
            found.append((at, summary, [name.lstrip("\n") for name in names]))
    return found
