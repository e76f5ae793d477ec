"""What became of attempts to deploy: a chain of notes on `refs/slipway/history/ENV`.

A deployment that ends well is not noted here: its record in the deployments repository tells of it,
and nothing is told twice. What failed, and what people did about it, would be lost otherwise.
"""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..kernel import remotes
from ..kernel.errors import SlipwayError
from ..kernel.redact import one_line
from ..kernel.world import World
from ..promotion import head, key_of, notes

if TYPE_CHECKING:
    from .states import Recorded

BY = "SLIPWAY_BY"
_TRIES = 20
APPLIED = "applied"  # what is recorded, once more
BEGUN = "Begun"  # a field of what failed: its apply had begun, and has left something else there


def deployed_by() -> str:
    """Return who deploys: what the environment says, else the user of this machine."""
    said = one_line(os.environ.get(BY, ""))
    if said:
        return said
    try:
        return one_line(f"{getpass.getuser()}@{platform.node()}")
    except (KeyError, OSError):  # a user without a name, in a container
        return f"uid {os.getuid()}@{platform.node()}"


def add(world: World, name: str, words: str, fields: Mapping[str, str]) -> str:
    """Add a note to the history of an environment, behind whatever others have added.

    Returns:
        Its id.

    Raises:
        SlipwayError: the remote refused, or others were quicker all the time.
    """
    ref = notes.HISTORY + name
    for left in reversed(range(_TRIES)):
        _, refs = head.look(world)
        before = refs.get(ref, "")
        note = notes.write(world, f"{name}: {words}", fields, before)
        try:
            notes.put(world, ref, note, before)
        except remotes.RefTaken:
            if not left:
                raise
        else:
            return note
    raise SlipwayError(f"the history of {name} could not be written")


def history(world: World, name: str, most: int) -> list[notes.Note]:
    """Return the notes on an environment, the newest first; asks the remote."""
    _, refs = head.look(world)
    at = refs.get(notes.HISTORY + name, "")
    return notes.chain(world, at, most) if at else []


def failed_since(
    world: World, refs: Mapping[str, str], name: str, record: Recorded
) -> notes.Note | None:
    """Return the note of what was tried since a record, has failed, and may be half there.

    Args:
        world: whose mirror.
        refs: of the remote, as asked now.
        name: of the environment.
        record: the newest one.
    """
    recorded = key_of(record.record.current.hashes())
    for note in notes.back(world, refs.get(notes.HISTORY + name, "")):
        if note.at < record.at or note.said("Result") == APPLIED:
            break  # the record is newer, or what it says was applied once more since
        if note.said(BEGUN) and note.said("Key") != recorded:
            return note
    return None
