"""Declares `forge`: the forge and the source's history → the newest merged promotion, sightings."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from .observe import observe


def task_forge() -> Iterator[declare.Task]:
    """`forge`: after `source`, whose commit it reads the history of merges at."""
    yield declare.observer(
        "forge",
        observe,
        doc="observe the forge: which promotion was merged last",
        writes=[paths.MERGED, paths.sighting("forge")],
        after=["source"],
    )
