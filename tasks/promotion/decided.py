"""What people have decided besides the gates: an environment held, or excepted from a freeze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import SlipwayError
from ..kernel.world import World
from . import freezes, notes
from .head import Head
from .wanted import settings_at

if TYPE_CHECKING:
    from .engine import Repository, State

ONCE_MORE = "Once-More"  # a field of a hold: the files that are recorded are to be applied again
HELD_BY = "Held-By"  # a field of the note that tells of that: the hold


def hold_on(world: World, head: Head, environment: str) -> notes.Note | None:
    """Return the note that holds an environment at an earlier state; None when nothing does."""
    commit = head.notes.get(notes.HOLDS + environment)
    return notes.read(world, commit) if commit else None


def in_words(hold: notes.Note) -> str:
    """Return who has decided on what state, and why; it stands in the record of the way back."""
    return f"state {hold.said('State')}, as {hold.said('By')} decided: {hold.said('Why')}"


def is_owed(world: World, head: Head, environment: str, hold: notes.Note) -> bool:
    """Say whether a hold asks for what is recorded once more, and nothing has applied it since.

    What is recorded is not what is there, where something newer was tried and failed.
    """
    if not hold.said(ONCE_MORE):
        return False
    last = head.notes.get(notes.HISTORY + environment, "")
    return not any(note.said(HELD_BY) == hold.commit for note in notes.back(world, last))


def held_state(
    world: World, repository: Repository, hold: notes.Note, environment: str
) -> State:  # fmt: skip
    """Return the state that an environment is held at, as it was recorded.

    Raises:
        SlipwayError: the history of the deployments has it no more.
    """
    from .engine import records_at

    commit = hold.said("Record")
    try:
        record = records_at(repository, commit, settings_at(world, repository, commit))[environment]
    except (SlipwayError, KeyError):
        raise SlipwayError(
            f"{environment} is held at state {hold.said('State')}, which cannot be read any more",
            where=f"{world.config.remotes.deployments.url} at {commit[:12]}",
            fix=f"doit resume:{environment} lets it go on",
        ) from None
    return record.current


def excepted(world: World, head: Head, environment: str, key: str) -> notes.Note | None:
    """Return the note that lets these very files through every freeze there is; None for none.

    It was made in a freeze, or several at once: any other that has begun since asks anew.
    """
    commit = head.notes.get(notes.OVERRIDES + environment)
    if not commit:
        return None
    note = notes.read(world, commit)
    now = {one.key for one in freezes.over(world, environment, head.commit)}
    return note if note.said("Key") == key and now <= set(note.said("Freezes").split()) else None


def frozen_for(world: World, head: Head, environment: str, key: str) -> freezes.Freeze | None:
    """Return the freeze that keeps some files from an environment; None when they may come."""
    freeze = freezes.frozen(world, environment, head.commit)
    return None if freeze is None or excepted(world, head, environment, key) else freeze
