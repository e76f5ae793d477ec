"""Declares `vendor`: the testflight's verdict → the chart in the deployments repository."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from ..kernel.pipeline import pipeline
from . import vendor


def task_vendor() -> Iterator[declare.Task]:
    """`vendor`: the tested chart, its lock and its reference, in one commit on deployments."""
    config = pipeline()
    if config.deployments.vendored:
        yield declare.effect(
            vendor.EFFECT,
            doc="copy the tested chart into the deployments repository, with its lock",
            room="vendir",
            reads=[paths.TESTFLIGHT, paths.CHART],
            observers=["deployments"],
            settings=config.slice("deployments", "remotes.deployments", "remotes.charts", "chart"),
        )
