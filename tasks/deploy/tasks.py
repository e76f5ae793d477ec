"""Declares `tfplan:ENV`, `apply:ENV`, `health:ENV`, `deploy:ENV`; and `approve:ENV` for gates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare, paths
from ..kernel.pipeline import pipeline
from . import apply, approve, health, record, tfplan

_PARAMS = [
    {"name": "by", "long": "by", "default": "", "help": "who approves"},
    {"name": "why", "long": "why", "default": "", "help": "why it is right to deploy this"},
]


def task_tfplan() -> Iterator[declare.Task]:
    """`tfplan:ENV`: the files that are due → a saved plan, and what it would do."""
    config = pipeline()
    for name in config.environments:
        yield declare.stage(
            f"tfplan:{name}",
            partial(tfplan.make, name),
            doc=f"plan with Terraform what {name} should have",
            room="deploy",
            reads=[paths.promotion(name)],
            writes=[paths.tfplan(name), paths.tfplan_file(name)],
            after=[f"promotion:{name}"],
            settings=config.slice(f"environments.{name}", "deployments", "cluster", "registry"),
            forecast=partial(tfplan.foresee, name),
        )


def task_apply() -> Iterator[declare.Task]:
    """`apply:ENV`: the saved plan, applied to the state that it was made for."""
    config = pipeline()
    for name in config.environments:
        yield declare.effect(
            apply.effect(name),
            doc=f"apply the saved plan to {name}",
            room="deploy",
            reads=[paths.promotion(name), paths.tfplan(name)],
            observers=["deployments"],
            settings=config.slice(f"environments.{name}", "deployments", "cluster", "registry"),
        )


def task_health() -> Iterator[declare.Task]:
    """`health:ENV`: what runs is what was deployed, and it answers."""
    config = pipeline()
    for name in config.environments:
        yield declare.stage(
            f"health:{name}",
            partial(health.judge, name),
            doc=f"look whether {name} runs what was deployed, and answers",
            room="deploy",
            reads=[paths.promotion(name), paths.receipt(f"apply:{name}")],
            writes=[paths.health(name)],
            settings=config.slice(f"environments.{name}", "smoketest", "chart", "cluster"),
            forecast=partial(health.foresee, name),
        )


def task_deploy() -> Iterator[declare.Task]:
    """`deploy:ENV`: what was applied and answers is recorded; the next environment may go on."""
    config = pipeline()
    for name in config.environments:
        yield declare.effect(
            record.effect(name),
            doc=f"deploy what is due to {name}: plan, apply, health, and the record of it",
            room="deploy",
            reads=[paths.promotion(name), paths.receipt(f"apply:{name}"), paths.health(name)],
            observers=["deployments"],
            settings=config.slice("remotes.deployments", "deployments"),
        )


def task_approve_environment() -> Iterator[declare.Task]:
    """`approve:ENV`: behind the observer, and behind the values that a deployment would render.

    Else what is shown were the environment's values of before.
    """
    config = pipeline()
    for name, environment in config.environments.items():
        if environment.gate:
            yield declare.command(
                f"approve:{name}",
                partial(approve.approve, name),
                doc=f"open the gate of {name} for what is shown (--by=NAME --why=TEXT)",
                after=["deployments", *(["chart:values"] if config.chart else [])],
                params=_PARAMS,
                acts=True,
                shows=True,
            )
