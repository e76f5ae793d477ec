"""The serial of Terraform's state that stands recorded: by it drift tells what others have applied.

A record has the serial of its own apply. Where the same files are applied once more (something was
put right, or made anew), nothing is recorded anew, so a note on the environment's history has the
serial since then.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel import git as g
from ..kernel.world import World
from ..promotion import head, notes
from .past import add, deployed_by

TRAILER = "Slipway-Serial: "
_FIELD, _RECORD = "Serial", "Record"
_FAR = 200  # notes that are looked back at


def noted(world: World, name: str, refs: Mapping[str, str], record: str) -> str:
    """Return the serial that the deployments remote knows of; "" when it knows none.

    Args:
        world: whose mirror.
        name: of the environment.
        refs: of the remote, as asked now.
        record: the commit of the environment's record.
    """
    at = refs.get(notes.HISTORY + name, "")
    for note in notes.chain(world, at, _FAR) if at else []:
        if note.said(_RECORD) == record and note.said(_FIELD):
            return note.said(_FIELD)
    message = g.lines("log", "-1", "--format=%B", record, "--", repo=head.mirror(world))
    found = [line.removeprefix(TRAILER) for line in message if line.startswith(TRAILER)]
    return found[0] if found else ""


def note(world: World, name: str, record: str, version: int, serial: int) -> None:
    """Note that the files of a record were applied once more."""
    fields = {"By": deployed_by(), "Result": "applied", _FIELD: str(serial), _RECORD: record}
    add(world, name, f"state {version} once more, serial {serial}", fields)
