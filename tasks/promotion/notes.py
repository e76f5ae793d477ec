"""Notes on the deployments remote: who works on an environment, what holds it, what became of it.

A note is a commit without files on a ref below `refs/slipway/`, its message a sentence and lines
`Name: value`. A ref is only ever moved by compare-and-swap, so that of two who write at once one
knows that the other was quicker.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.redact import one_line, redact
from ..kernel.world import World
from . import head
from .commits import Commit, log

LOCKS, HISTORY = "refs/slipway/locks/", head.HISTORY
HOLDS, OVERRIDES = head.HOLDS, head.OVERRIDES
_FAR = 200  # notes that are looked back at
_BOT = ("Slipway", "slipway@localhost")
_FIELD = re.compile(r"(?P<name>[A-Z][A-Za-z-]*): (?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Note:
    """What a note says.

    Attributes:
        commit: its id.
        at: when it was written, in seconds since 1970 (UTC).
        words: its first line.
        fields: what else it says, each in one line.
    """

    commit: str
    at: int
    words: str
    fields: Mapping[str, str]

    def said(self, name: str) -> str:
        """Return a field; "" when it has none."""
        return self.fields.get(name, "")

    @property
    def since(self) -> str:
        """When it was written, in words."""
        return spoken(self.at)


def spoken(at: float) -> str:
    """Return a time as people read it: `2026-01-31 12:00 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def write(world: World, words: str, fields: Mapping[str, str], parent: str = "") -> str:
    """Make a note in our mirror, and return its id; no ref points at it yet.

    Each is one of its own, even when two say the same in the same second: nobody takes the lock of
    another for theirs.

    Args:
        world: whose mirror.
        words: the first line.
        fields: values become one line each, secrets masked.
        parent: the note before it; "" for none.
    """
    mirror = head.mirror(world)
    lines = [redact(one_line(words)), ""]
    lines += [f"{name}: {redact(one_line(value))}" for name, value in fields.items()]
    lines.append(f"Note: {uuid.uuid4().hex}")
    tree = g.text("hash-object", "-t", "tree", "-w", "--stdin", repo=mirror, stdin=b"")
    who = g.identity(*_BOT, f"{int(datetime.now(UTC).timestamp())} +0000")
    above = ("-p", parent) if parent else ()
    told = ("\n".join(lines) + "\n").encode()
    return g.text("commit-tree", tree, *above, "-F", "-", repo=mirror, env=who, stdin=told)


def read(world: World, commit: str) -> Note:
    """Return a note that our mirror has.

    Raises:
        SlipwayError: there is no such commit.
    """
    return chain(world, commit, 1)[0]


def chain(world: World, commit: str, most: int) -> list[Note]:
    """Return a note and those before it, the newest first."""
    which = (f"--max-count={most}", "--end-of-options", commit, "--")
    return [_parsed(one) for one in log(head.mirror(world), *which)]


def back(world: World, commit: str) -> list[Note]:
    """Return the newest notes of a history, as far as anybody looks back; none for ""."""
    return chain(world, commit, _FAR) if commit else []


def _parsed(told: Commit) -> Note:
    words, *lines = told.message.splitlines() or [""]
    found = filter(None, map(_FIELD.fullmatch, lines))
    return Note(told.id, told.at, words, {one["name"]: one["value"] for one in found})


def put(world: World, ref: str, new: str, old: str) -> None:
    """Move a ref on the remote; "" stands for no ref at all.

    Raises:
        RefTaken: it is at something else than `old`.
        SlipwayError: the remote refused.
    """
    remotes.push(world, head.REMOTE, head.address(world), ref, new, old)


def under(refs: Mapping[str, str], *places: str) -> dict[str, str]:
    """Return the notes among a remote's refs that stand below some places."""
    return {name: commit for name, commit in sorted(refs.items()) if name.startswith(places)}
