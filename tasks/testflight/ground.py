"""What a flight stands on: a copy of the deployments repository with the chart under test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from typing import Any

from ..kernel import paths, remotes
from ..kernel.config import Chart, Testflight
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion import head

_CHARTS = "charts"


def lay_out(world: World, chart: Mapping[str, Any], folder: Path) -> Path:
    """Write the copy into an empty folder, and return the Terraform root in it.

    Args:
        world: with the mirrors of both repositories.
        chart: the fact `CHART`.
        folder: an empty one.

    Raises:
        SlipwayError: there is no such root, or a link stands where something is to be put.
    """
    from ..terraform import files_of

    flight, told = settings(world)
    vendored = world.config.deployments.vendored
    if vendored is None:  # the configuration is refused without one
        raise SlipwayError("there is no deployments.vendored", where=world.config.file)
    tree = folder / "tree"
    commit = head.head_of(world).commit
    remotes.export(world, head.REMOTE, commit, ".", tree)
    root = tree / flight.root
    if not files_of(root):
        raise SlipwayError(
            f"{flight.root} is not a Terraform root in {commit[:7]} of the deployments repository",
            where=world.config.where("testflight.root"),
            fix="correct testflight.root, or push the root",
        )
    place = tree / vendored
    for inside in (root / paths.RENDERED, place):
        _refuse_links(tree, inside)
    if chart["commit"] is not None:  # else what is vendored will do to see it destroyed
        rmtree(place, ignore_errors=True)
        remotes.export(world, _CHARTS, str(chart["commit"]), told.path, place)
    (root / paths.RENDERED).write_bytes(world.read(paths.rendered_values("testflight")) or b"{}\n")
    return root


def settings(world: World) -> tuple[Testflight, Chart]:
    """Return the configured testflight and chart; without either there is no such task."""
    flight, chart = world.config.testflight, world.config.chart
    if flight is None or chart is None:
        raise SlipwayError("there is no testflight, or no chart", where=world.config.file)
    return flight, chart


def _refuse_links(tree: Path, inside: Path) -> None:
    """Refuse a link on the way: what is written there would land outside of the copy."""
    for part in (inside, *inside.parents):
        if part == tree:
            return
        if part.is_symlink():
            raise SlipwayError(
                f"{part.relative_to(tree)} is a link in the deployments repository",
                fix="make it a plain file or folder",
            )
