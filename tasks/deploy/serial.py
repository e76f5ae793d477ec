"""The state of Terraform that stands recorded: by its serial drift tells what others have applied.

By its lineage an environment keeps to its own state: a root whose backend was copied from another
one's names that one's state.

A record has both of its own apply. Where the same files are applied once more (something was put
right, or made anew), nothing is recorded anew, so a note on the environment's history has them
since then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..kernel import git as g
from ..kernel.world import World
from ..promotion import decided, head, notes
from .past import APPLIED, add, deployed_by

_SERIAL, _LINEAGE, _RECORD = "Serial", "Lineage", "Record"
_TRAILER = "Slipway-"


class Stood(NamedTuple):
    """A state, as it is recorded; "" for what is not.

    Attributes:
        serial: counts its changes.
        lineage: what it is, through all of them.
    """

    serial: str
    lineage: str


def trailers(serial: int, lineage: str) -> list[str]:
    """Return what a record says of the state."""
    return [f"{_TRAILER}{_SERIAL}: {serial}", f"{_TRAILER}{_LINEAGE}: {lineage}"]


def noted(world: World, name: str, refs: Mapping[str, str], record: str) -> Stood:
    """Return the state that the deployments remote knows of.

    Args:
        world: whose mirror.
        name: of the environment.
        refs: of the remote, as asked now.
        record: the commit of the environment's record.
    """
    message = g.lines("log", "-1", "--format=%B", record, "--", repo=head.mirror(world))
    told = dict(line.split(": ", 1) for line in message if line.startswith(_TRAILER))
    serial, lineage = (told.get(f"{_TRAILER}{field}", "") for field in (_SERIAL, _LINEAGE))
    for one in reversed(notes.back(world, refs.get(notes.HISTORY + name, ""))):
        if one.said(_RECORD) == record:
            serial, lineage = one.said(_SERIAL) or serial, one.said(_LINEAGE) or lineage
    return Stood(serial, lineage)


def note(
    world: World, name: str, record: str, version: int, at: tuple[int, str], hold: str
) -> None:
    """Note that the files of a record were applied once more.

    Args:
        world: whose remote.
        name: of the environment.
        record: the commit of its record.
        version: of the record.
        at: serial and lineage of the state since then.
        hold: the note of the hold that asked for it; "" when none did.
    """
    told = {_SERIAL: str(at[0]), _LINEAGE: at[1], _RECORD: record}
    told |= {decided.HELD_BY: hold} if hold else {}
    words = f"state {version} once more, serial {at[0]}"
    add(world, name, words, {"By": deployed_by(), "Result": APPLIED, **told})


def keep(world: World, name: str, record: str, lineage: str) -> None:
    """Note that an environment has another state since its record, as somebody has allowed."""
    told = {"By": deployed_by(), "Result": "new state", _RECORD: record, _LINEAGE: lineage}
    add(world, name, f"another Terraform state, {lineage}", told)


def whose(world: World, commit: str, lineage: str) -> str:
    """Return the path of the newest record of a state; "" when it is recorded nowhere.

    Args:
        world: whose mirror.
        commit: of the deployments, where to begin.
        lineage: of the state.
    """
    which = ("--fixed-strings", f"--grep={_TRAILER}{_LINEAGE}: {lineage}", "--max-count=1")
    form = ("log", "--format=", "--name-only", "-z", *which, commit, "--")
    return g.text(*form, repo=head.mirror(world)).partition("\0")[0]
