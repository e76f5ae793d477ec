"""The states that an environment was recorded with, as the history of the deployments has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion import commits, head, repository_of, settings_at

if TYPE_CHECKING:
    from ..promotion import engine

_FAR = 200  # states that are looked back at


@dataclass(frozen=True, slots=True)
class Recorded:
    """A state that an environment was recorded with.

    Attributes:
        commit: the one that recorded it.
        at: when, in seconds since 1970.
        record: what it says.
        message: of the commit, with its trailers.
    """

    commit: str
    at: int
    record: engine.Record
    message: str


def last(world: World, name: str, at: head.Head | None = None) -> Recorded | None:
    """Return the state that an environment was recorded with last; see `recorded`."""
    return next(iter(recorded(world, name, 1, at)), None)


def recorded(
    world: World, name: str, most: int = _FAR, at: head.Head | None = None
) -> list[Recorded]:
    """Return the states that an environment was recorded with, the newest first.

    Args:
        world: whose remote.
        name: of the environment.
        most: how many.
        at: where the deployments stand; the remote is asked when None.

    Raises:
        SlipwayError: the remote cannot be read.
    """
    from ..promotion import engine

    commit, repository = (at or head.ask(world)).commit, repository_of(world)
    settings = settings_at(world, repository, commit)
    path = settings.state_path(name)
    found: list[Recorded] = []
    for one in commits.log(repository.path, f"--max-count={most}", commit, "--", path):
        try:
            record = engine.records_at(repository, one.id, settings).get(name)
        except SlipwayError:
            continue  # of an older form: nobody can go back there
        if record is not None:
            found.append(Recorded(one.id, one.at, record, one.message))
    return found
