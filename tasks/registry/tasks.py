"""Declares `registry`: what our receipts claim → what stands there."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from ..kernel.pipeline import embedded, pipeline
from ..kernel.receipts import claimed
from ..kernel.world import World
from . import open_registry


def observe(world: World) -> str:
    """Ask for every tag that a receipt names, and write down the digests."""
    registry = open_registry(world.config.registry, world.root)
    names = claimed(world, "registry")
    seen = {}
    for name in sorted(names):
        repository, _, tag = name.rpartition(":")
        digest = registry.resolve(repository, tag)
        if digest:
            seen[name] = digest
    world.see("registry", seen)
    return f"{len(seen)} of {len(names)} tags of ours stand" if names else "nothing of ours yet"


def task_registry() -> Iterator[declare.Task]:
    """`registry`: asks only about what receipts claim, so it costs what the last release left."""
    yield declare.observer(
        "registry",
        observe,
        doc="observe the registry: whether what we pushed still stands",
        writes=[paths.sighting("registry")],
        after=embedded(pipeline()),
    )
