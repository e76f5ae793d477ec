"""Chooses the side of the port that `pipeline.yml` names."""

from __future__ import annotations

from ..kernel import remotes
from ..kernel.errors import WrongUsage
from ..kernel.world import World
from .port import Forge


def connect(world: World) -> Forge:
    """Return the forge of this pipeline.

    Raises:
        WrongUsage: it is of a kind that this version cannot talk to.
    """
    told = world.config.forge
    if told.kind == "local":
        from .local import LocalForge

        source = remotes.address(world, world.config.remotes.source)
        return LocalForge(world.root / (told.path or ""), source)
    raise WrongUsage(
        f"forge.kind {told.kind} is not supported yet",
        where="pipeline.yml",
        fix="use kind: local, with the source remote as a bare repository on this machine",
    )
