"""Declares `tfplan:ENV`, `live:ENV`, `apply:ENV`, `health:ENV`, `deploy:ENV`; `deploy` for all."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from functools import partial

from ..kernel import declare, paths
from ..kernel.config import Environment
from ..kernel.pipeline import pipeline
from . import apply, asked, health, live, record, tfplan
from .attempt import watched


def task_tfplan() -> Iterator[declare.Task]:
    """`tfplan:ENV`: the files that are due → a saved plan, and what it would do."""
    config = pipeline()
    atexit.register(tfplan.sweep)
    for name in config.environments:
        yield declare.stage(
            f"tfplan:{name}",
            partial(watched, name, "plan", partial(tfplan.make, name)),
            doc=f"plan with Terraform what {name} should have",
            room="deploy",
            reads=[paths.promotion(name)],
            writes=[paths.tfplan(name)],
            after=[f"promotion:{name}"],
            wakes=[tfplan.Kept(name), asked.Asked()],
            settings=config.slice(f"environments.{name}", "deployments", "cluster", "registry"),
            forecast=partial(tfplan.foresee, name),
        )


def task_live() -> Iterator[declare.Task]:
    """`live:ENV`: the cluster → whether what was installed still runs."""
    for name in pipeline().environments:
        yield declare.observer(
            f"live:{name}",
            partial(live.observe, name),
            doc=f"observe whether what was deployed to {name} still runs",
            writes=[paths.sighting(live.port(name))],
            after=["deployments"],
        )


def task_apply() -> Iterator[declare.Task]:
    """`apply:ENV`: the saved plan, applied to the state that it was made for."""
    config = pipeline()
    for name in config.environments:
        task = declare.effect(
            apply.effect(name),
            doc=f"apply the saved plan to {name}",
            room="deploy",
            reads=[paths.promotion(name), paths.tfplan(name)],
            observers=["deployments", f"live:{name}"],
            settings=config.slice(f"environments.{name}", "deployments", "cluster", "registry"),
        )
        yield _watched(task, name, "apply")


def task_health() -> Iterator[declare.Task]:
    """`health:ENV`: what runs is what was deployed, and it answers."""
    config = pipeline()
    for name in config.environments:
        yield declare.stage(
            f"health:{name}",
            partial(watched, name, "health", partial(health.judge, name)),
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
    for name in in_order(config.environments):  # doit runs the members of a group so
        task = declare.effect(
            record.effect(name),
            doc=f"deploy what is due to {name}: plan, apply, health, and the record of it",
            room="deploy",
            reads=[paths.promotion(name), paths.receipt(f"apply:{name}"), paths.health(name)],
            observers=["deployments"],
            settings=config.slice("remotes.deployments", "deployments"),
        )
        yield _watched(task, name, "record")


def task_deploy_all() -> Iterator[declare.Task]:
    """`deploy`: every environment, each behind the one that it follows."""
    names = in_order(pipeline().environments)
    if names:  # else `task_deploy`, which yields nothing then, is a group of that name
        yield {
            "basename": "deploy",
            "actions": None,
            "task_dep": [f"deploy:{name}" for name in names],
            "doc": "deploy what is due, to every environment in its order",
        }


def in_order(environments: Mapping[str, Environment]) -> list[str]:
    """Return the environments so that none comes before the one that it follows."""
    found: list[str] = []
    left = list(environments)
    while left:
        ready = [name for name in left if environments[name].passed not in left]
        found += ready
        left = [name for name in left if name not in ready]
    return found


def _watched(task: declare.Task, name: str, step: str) -> declare.Task:
    """Have the failure of an effect noted on the remote."""
    ((run, [title, action]),) = task["actions"]
    return task | {"actions": [(run, [title, partial(watched, name, step, action)])]}
