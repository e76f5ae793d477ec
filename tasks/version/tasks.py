"""Declares `version`: the head, its checks, the last publication → the version, its reservation."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from ..kernel.pipeline import pipeline
from .settle import EFFECT


def task_version() -> Iterator[declare.Task]:
    """`version`: no number before the head passed its checks and what was approved is out."""
    config = pipeline()
    yield declare.effect(
        EFFECT,
        doc="the version of the head: decided from its commits, reserved before it is used",
        room="version",
        reads=[
            paths.HEAD,
            *map(paths.head_input, config.release_inputs),
            *map(paths.verdict, config.candidate_checks),
            paths.receipt("publish"),
        ],
        observers=["source"],
        writes=[paths.VERSION, *map(paths.candidate_input, config.inputs)],
        settings=config.slice("inputs", "release", "images", "apps", "binary"),
    )
