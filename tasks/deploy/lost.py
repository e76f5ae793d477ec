"""A Terraform state that is not there any more, although its environment was deployed."""

from __future__ import annotations

import os

from ..kernel.errors import Failed
from ..kernel.world import World
from ..promotion import head, repository_of, settings_at

ALLOW = "SLIPWAY_ALLOW_NEW_STATE"


def refuse(world: World, name: str, at: tuple[int, str]) -> None:
    """Refuse to make a recorded environment anew because nobody knows what it consists of.

    An empty state means a backend that points elsewhere, or a loss; a plan would say "add" to every
    database that there is already.

    Args:
        world: whose deployments repository has the record.
        name: of the environment.
        at: serial and lineage of the state.

    Raises:
        Failed: it was deployed, and has no state.
    """
    from ..promotion import engine

    if at[1] or name in os.environ.get(ALLOW, "").split(","):
        return
    repository, commit = repository_of(world), head.head_of(world).commit
    settings = settings_at(world, repository, commit)
    record = engine.records_at(repository, commit, settings).get(name)
    if record is not None:
        raise Failed(
            f"{name} was deployed (state {record.version}), and Terraform has no state of it",
            where=f"{world.config.deployments.state} or the backend of its root",
            fix="bring the state back, or mend the backend; to make everything anew:"
            f" {ALLOW}={name} doit deploy:{name}",
        )
