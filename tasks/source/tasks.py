"""Declares `source`: the remote → the head, a fingerprint per input set, the refs seen."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from ..kernel.pipeline import embedded, pipeline
from .observe import observe


def task_source() -> Iterator[declare.Task]:
    """`source`: the remote → the head, a fingerprint per input set, the refs seen."""
    config = pipeline()
    yield declare.observer(
        "source",
        observe,
        doc="observe the source: the commit to release, and what changed",
        writes=[paths.HEAD, paths.sighting("source"), *map(paths.head_input, config.inputs)],
        after=embedded(config),
    )
