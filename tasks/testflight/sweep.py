"""`testflight:sweep`: what killed flights have left is removed, by hand and at once."""

from __future__ import annotations

from ..kernel import journal, paths, remotes
from ..kernel.effects import Skipped
from ..kernel.world import World
from . import root, whose

TASK = "testflight:sweep"


def sweep(world: World) -> str:
    """Remove what flights of this tree, and those whose time is over, left; and the root's state.

    The run lock is held, so no flight of this working tree is on its way.

    Raises:
        SlipwayError: something cannot be removed, or the cluster not be asked.
    """
    from ..cluster import open_cluster

    names = whose.swept(world, open_cluster(world))
    chart = world.json_or(paths.CHART, {"commit": None})
    with remotes.scratch(world, root.TASK) as folder:
        # Whatever the root asks for, it is to be gone.
        terraform, state = root.grounded(world, chart, folder, "testflight-sweep", None)
        root.forget(state)
        journal.say(f"the state of {terraform.folder.name} is empty")
    if not names:
        return Skipped("no flight has left a namespace")
    return f"{', '.join(names)} removed"
