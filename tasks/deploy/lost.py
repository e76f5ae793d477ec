"""A Terraform state that is not the environment's own: lost, or another one's.

Both come from a backend that points elsewhere, as after a copied line, and both look like work to
be done: of an empty state a plan says "add" to every database that there is already, and from
another environment's it would make this one, past whatever gate that has.
"""

from __future__ import annotations

import os
from typing import NoReturn

from ..kernel.errors import Failed
from ..kernel.world import World
from ..promotion import head, repository_of, settings_at
from . import serial
from .states import Recorded, recorded

ALLOW = "SLIPWAY_ALLOW_NEW_STATE"


def refuse(world: World, name: str, at: tuple[int, str]) -> None:
    """Refuse to plan for an environment with a state that is not its own.

    Args:
        world: whose deployments repository has the records.
        name: of the environment.
        at: serial and lineage of the state.

    Raises:
        Failed: it was deployed, and has no state or another one; or the state is another's.
    """
    if name in os.environ.get(ALLOW, "").split(","):
        return
    known, lineage = next(iter(recorded(world, name, 1)), None), at[1]
    before = _lineage(world, name, known) if known else ""
    if known and not lineage:
        _refuse(
            world,
            name,
            f"{name} was deployed (state {known.record.version}), and Terraform has no state of it",
            "bring the state back, or mend the backend; to make everything anew:",
        )
    if not lineage or lineage == before:
        return
    if other := _other(world, name, lineage):
        _refuse(
            world,
            name,
            f"the Terraform state of {name} is the one that {other} was deployed with",
            "mend the backend; if they are to share it:",
        )
    if known and before:
        _refuse(
            world,
            name,
            f"{name} was deployed (state {known.record.version}) with another Terraform state:"
            f" {before}, this is {lineage}",
            "mend the backend, or bring the state back; if this is right:",
        )


def _lineage(world: World, name: str, known: Recorded) -> str:
    return serial.noted(world, name, head.look(world)[1], known.commit).lineage


def _other(world: World, name: str, lineage: str) -> str:
    """Return the other environment that was deployed with a state last; "" for none."""
    repository, commit = repository_of(world), head.head_of(world).commit
    settings = settings_at(world, repository, commit)
    path = serial.whose(world, commit, lineage)
    others = (one for one in settings.environments if one != name)
    return next((one for one in others if settings.state_path(one) == path), "")


def _refuse(world: World, name: str, what: str, fix: str) -> NoReturn:
    raise Failed(
        what,
        where=f"{world.config.deployments.state} or the backend of its root",
        fix=f"{fix} {ALLOW}={name} doit deploy:{name}",
    )
