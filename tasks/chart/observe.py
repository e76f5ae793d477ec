"""The `charts` observer: asks the charts remote once, and what stands of our release there."""

from __future__ import annotations

from ..kernel import paths, remotes
from ..kernel.receipts import claimed
from ..kernel.world import World
from . import propose
from .release import Release
from .remote import REMOTE, Charts, address, ask


def observe(world: World) -> str:
    """Write every ref, the chart's tree at the head, and whether the claimed release stands.

    Raises:
        SlipwayError: the remote cannot be read, is shallow or dirty, lacks the branch.
    """
    remotes.refuse_unfit(address(world))
    charts = ask(world)
    seen = dict(charts.refs)
    if tree := charts.tree(charts.head):
        seen["chart"] = tree
    for name in claimed(world, REMOTE):
        if name.startswith("bump:") and _stands(world, charts, tree, name.partition(":")[2]):
            seen[name] = propose.STANDING
    world.see(REMOTE, seen)
    return f"{charts.branch} is at {charts.head[:7]}" + ("" if tree else ", with no chart yet")


def _stands(world: World, charts: Charts, tree: str, version: str) -> bool:
    told = world.json_or(paths.receipt(propose.TASK), {})
    if told.get("version") != version:
        return False
    merged = world.json_or(paths.receipt("chart:merge"), {})
    if merged.get("wanted") == version and merged.get("tree") == tree:
        return True  # that very chart was looked at when it was merged
    release = Release(version, told.get("commit", ""), told.get("images", {}))
    return propose.stands(world, charts, release).done
