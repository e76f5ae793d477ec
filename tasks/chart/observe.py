"""The `charts` observer: asks the charts remote once, and what stands of our release there."""

from __future__ import annotations

from ..kernel import paths, remotes
from ..kernel.receipts import claimed
from ..kernel.world import World
from . import candidate, propose
from .release import Release
from .remote import REMOTE, Charts, address, ask

_TASKS = {"bump": propose.TASK, "candidate": candidate.TASK}


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
        kind, _, version = name.partition(":")
        if kind in _TASKS and _stands(world, charts, tree, _TASKS[kind], version):
            seen[name] = propose.STANDING
    world.see(REMOTE, seen)
    return f"{charts.branch} is at {charts.head[:7]}" + ("" if tree else ", with no chart yet")


def _stands(world: World, charts: Charts, tree: str, task: str, version: str) -> bool:
    told = world.json_or(paths.receipt(task), {})
    if told.get("version") != version:
        return False
    merged = world.json_or(paths.receipt("chart:merge"), {})
    if merged.get("wanted") == version and merged.get("tree") == tree:
        return True  # that very chart was looked at when it was merged
    release = Release(version, told.get("commit", ""), told.get("images", {}))
    return propose.stands(world, charts, release).done
