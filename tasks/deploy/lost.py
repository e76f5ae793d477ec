"""A Terraform state that is not the environment's own: lost, or another one's.

Both come from a backend that points elsewhere, as after a copied line, and both look like work to
be done: of an empty state a plan says "add" to every database that there is already, and from
another environment's it would make this one, past whatever gate that has.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from ..kernel.errors import Failed
from ..kernel.world import World
from ..promotion import head, repository_of, settings_at
from . import serial
from .states import Recorded, last

ALLOW = "SLIPWAY_ALLOW_NEW_STATE"
At = tuple[int, str]  # serial and lineage of a state


class Strange(NamedTuple):
    """What is wrong with a state, and what mends it."""

    what: str
    fix: str


def refuse(world: World, name: str, at: At) -> None:
    """Refuse to plan for an environment with a state that is not its own.

    Args:
        world: whose deployments repository has the records.
        name: of the environment.
        at: the state.

    Raises:
        Failed: it was deployed, and has no state or another one; or the state is another's.
    """
    if not _is_allowed(name) and (found := strange(world, name, at)):
        where = f"{world.config.deployments.state} or the backend of its root"
        raise Failed(found.what, where=where, fix=found.fix)


def _is_allowed(name: str) -> bool:
    return name in os.environ.get(ALLOW, "").split(",")


def strange(world: World, name: str, at: At) -> Strange | None:
    """Return why a state is not that of an environment; None when it is, or may be."""
    known, before = _recorded(world, name)
    lineage, anyway = at[1], f"{ALLOW}={name} doit deploy:{name}"
    if known and not lineage:
        return Strange(
            f"{name} was deployed (state {known.record.version}), and Terraform has no state of it",
            f"bring the state back, or mend the backend; to make everything anew: {anyway}",
        )
    if not lineage or lineage == before:
        return None
    if other := _other(world, name, lineage):
        return Strange(
            f"the Terraform state of {name} is the one that {other} was deployed with",
            f"mend the backend; if they are to share it: {anyway}",
        )
    if known and before:
        return Strange(
            f"{name} was deployed (state {known.record.version}) with another Terraform state:"
            f" {before}, this is {lineage}",
            f"mend the backend, or bring the state back; if this is right: {anyway}",
        )
    return None


def keep(world: World, name: str, at: At) -> None:
    """Remember a state that was allowed, although what it was allowed for has failed."""
    known, before = _recorded(world, name)
    if known and at[1] and _is_allowed(name) and at[1] != before:
        serial.keep(world, name, known.commit, at[1])


def _recorded(world: World, name: str) -> tuple[Recorded | None, str]:
    """Return what an environment is recorded with, and the lineage of the state it had then."""
    at, refs = head.look(world)
    known = last(world, name, at)
    return known, serial.noted(world, name, refs, known.commit).lineage if known else ""


def _other(world: World, name: str, lineage: str) -> str:
    """Return the other environment that was deployed with a state last; "" for none."""
    repository, commit = repository_of(world), head.head_of(world).commit
    settings = settings_at(world, repository, commit)
    path = serial.whose(world, commit, lineage)
    others = (one for one in settings.environments if one != name)
    return next((one for one in others if settings.state_path(one) == path), "")
