"""Declares `deployments` and `promotion:ENV`: the remote → what every environment should have."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare, paths
from ..kernel.pipeline import embedded, pipeline
from . import due, gate
from .observe import observe


def task_deployments() -> Iterator[declare.Task]:
    """`deployments`: the remote → its head, the environments' own values, what is recorded."""
    config = pipeline()
    if not config.environments:
        return
    names = [*config.environments, *(["testflight"] if config.testflight else [])]
    yield declare.observer(
        "deployments",
        observe,
        doc="observe the deployments: their head, the gates, what each environment has",
        writes=[
            paths.DEPLOYMENTS,
            paths.sighting("deployments"),
            *map(paths.environment_values, names),
        ],
        after=embedded(config),
    )


def task_promotion() -> Iterator[declare.Task]:
    """`promotion:ENV`: at the gate, the files that an environment should have now."""
    config = pipeline()
    for name, environment in config.environments.items():
        task = declare.observer(
            f"promotion:{name}",
            partial(due.promote, name),
            doc=f"find out what {name} should have"
            + (f", once {environment.passed} has had it" if environment.passed else "")
            + (" and a human said yes" if environment.gate else ""),
            writes=[paths.promotion(name)],
            after=["deployments", *([f"chart:values:{name}"] if config.chart else [])],
            opens=partial(gate.opens, name),
        )
        task["meta"]["forecast"] = partial(due.foresee, name)
        if environment.passed:
            task["meta"]["behind"] = [f"deploy:{environment.passed}"]
        yield task
