"""Chooses the side of the port that `pipeline.yml` names."""

from __future__ import annotations

from ..kernel import remotes
from ..kernel.errors import WrongUsage
from ..kernel.world import World
from .port import Forge


def connect(world: World, remote: str = "source") -> Forge:
    """Return the forge that a remote lives on.

    Args:
        world: whose pipeline.
        remote: its name in `pipeline.yml`.

    Raises:
        WrongUsage: it is of a kind that this version cannot talk to.
    """
    told = world.config.forge
    if told.kind == "local":
        from .local import LocalForge

        folder = world.root / told.path
        where = remotes.address(world, getattr(world.config.remotes, remote))
        return LocalForge(folder if remote == "source" else folder / remote, where)
    raise WrongUsage(
        f"forge.kind {told.kind} is not supported yet",
        where="pipeline.yml",
        fix="use kind: local, with the source remote as a bare repository on this machine",
    )
