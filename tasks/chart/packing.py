"""The stage `chart:package`: the merged chart as one file, the same bytes whoever packs it."""

from __future__ import annotations

from hashlib import sha256

from ..kernel import git as g
from ..kernel import paths
from ..kernel.effects import Foreseen, Skipped
from ..kernel.world import UNKNOWN, Forecast, World
from . import helm
from .remote import REMOTE

TASK = "chart:package"


def package(world: World) -> str:
    """Pack the chart, and write down its sum.

    Raises:
        Failed: Helm refused, or is too old to pack reproducibly.
    """
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write(paths.PACKAGE_FILE, b"")
        world.write_json(paths.PACKAGE, {"skipped": chart["why"]})
        return Skipped(chart["why"])
    dated = ("log", "-1", "--format=%ct", chart["commit"], "--")
    stamp = int(g.text(*dated, repo=world.mirror(REMOTE)))
    with helm.exported(world, TASK) as found:
        file = helm.package(found, stamp)
        name, content = file.name, file.read_bytes()
    told = {"name": name, "sha256": sha256(content).hexdigest(), "commit": chart["commit"]}
    world.write(paths.PACKAGE_FILE, content)
    world.write_json(paths.PACKAGE, told)
    return f"{name}: {paths.PACKAGE_FILE}, sha256:{told['sha256'][:12]}"


def foresee(world: Forecast) -> Foreseen:
    """Take it that Helm packs something new."""
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        return Foreseen(package(world))
    world.write(paths.PACKAGE_FILE, UNKNOWN.encode())
    world.write_json(paths.PACKAGE, {"name": UNKNOWN, "sha256": UNKNOWN, "commit": UNKNOWN})
    return Foreseen("helm packs it")
