"""Declares `testflight`: the chart, its values → the verdict of a throwaway namespace."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from ..kernel.pipeline import pipeline
from . import fly, sweep


def task_testflight() -> Iterator[declare.Task]:
    """`testflight`: up in a namespace of its own, asked, and gone again; `testflight:sweep`."""
    config = pipeline()
    if config.testflight is None:
        return
    yield declare.stage(
        fly.TASK,
        fly.fly,
        doc="install the chart in a throwaway namespace, ask it, destroy it again",
        room="testflight",
        reads=[
            paths.CHART,
            paths.LINT,
            paths.rendered_values(fly.TASK),
            paths.manifests(fly.TASK),
        ],
        writes=[paths.TESTFLIGHT],
        # What is wrong for one environment goes to none; what is right for it is its own matter.
        after=[f"chart:render:{name}" for name in config.environments],
        settings=config.slice(
            "testflight", "smoketest", "chart", "cluster", "registry", "deployments"
        ),
        forecast=fly.foresee,
        acts=True,
    )
    yield declare.command(
        sweep.TASK,
        sweep.sweep,
        doc="remove what killed testflights have left: their namespaces and their state",
        after=["deployments"],
        acts=True,
    )
