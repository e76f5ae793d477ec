"""Declares what people decide about an environment, and what they ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..kernel import declare
from ..kernel.pipeline import pipeline
from . import approve, drift, hold, override, reject, unlock

_BY = {"name": "by", "long": "by", "default": "", "help": "who says so"}
_WHY = {"name": "why", "long": "why", "default": "", "help": "the reason"}
_PLAN = {
    **{"name": "plan", "long": "plan", "type": bool, "default": False},
    "help": "ask Terraform what it would do",
}
_TO = {"name": "to", "long": "to", "default": "", "help": "the number of an earlier state"}


def _asked(name: str, action: Any, doc: str, after: list[str], *more: Any) -> declare.Task:
    """Declare a decision: somebody says who they are, and why."""
    return declare.command(
        name, action, doc=doc, after=after, params=[_BY, _WHY, *more], acts=True, shows=True
    )


def task_approve_environment() -> Iterator[declare.Task]:
    """`approve:ENV`: behind the observer, and behind the values that a deployment would render.

    Else what is shown were the environment's values of before.
    """
    config = pipeline()
    for name, environment in config.environments.items():
        if environment.gate:
            yield _asked(
                f"approve:{name}",
                partial(approve.approve, name),
                f"open the gate of {name} for what is shown (--by=NAME --why=TEXT, --plan)",
                ["deployments", *(["chart:values"] if config.chart else [])],
                _PLAN,
            )


def task_reject_environment() -> Iterator[declare.Task]:
    """`reject:ENV`: no to what waits, or an approval taken back."""
    for name, environment in pipeline().environments.items():
        if environment.gate:
            yield _asked(
                f"reject:{name}",
                partial(reject.reject, name),
                f"say no to what waits for {name}, or take a yes back (--by=NAME --why=TEXT)",
                ["deployments"],
            )


def task_override_environment() -> Iterator[declare.Task]:
    """`override:ENV`: an exception from a freeze, for exactly what waits."""
    for name in pipeline().environments:
        yield _asked(
            f"override:{name}",
            partial(override.override, name),
            f"let what waits for {name} through a freeze (--by=NAME --why=TEXT)",
            ["deployments"],
        )


def task_rollback() -> Iterator[declare.Task]:
    """`rollback:ENV`: back to an earlier state, and held there."""
    for name in pipeline().environments:
        yield _asked(
            f"rollback:{name}",
            partial(hold.rollback, name),
            f"hold {name} at an earlier state (--by=NAME --why=TEXT, --to=STATE, --plan)",
            ["deployments"],
            _TO,
            _PLAN,
        )


def task_resume() -> Iterator[declare.Task]:
    """`resume:ENV`: the end of a hold."""
    for name in pipeline().environments:
        yield _asked(
            f"resume:{name}",
            partial(hold.resume, name),
            f"let {name} go on from where it was held (--by=NAME --why=TEXT)",
            ["deployments"],
        )


def task_unlock() -> Iterator[declare.Task]:
    """`unlock:ENV`: for the lock of a machine that is gone."""
    for name in pipeline().environments:
        yield _asked(
            f"unlock:{name}",
            partial(unlock.unlock, name),
            f"take away the lock of a dead deployment to {name} (--by=NAME --why=TEXT)",
            ["deployments"],
        )


def task_drift() -> Iterator[declare.Task]:
    """`drift:ENV`: a question, answered by the exit code as well."""
    for name in pipeline().environments:
        yield declare.command(
            f"drift:{name}",
            partial(drift.drift, name),
            doc=f"is {name} still what is recorded? (exit 0 or 1)",
            after=["deployments"],
            acts=True,
            shows=True,
        )


def task_restart() -> Iterator[declare.Task]:
    """`restart:ENV`: dead pods only, whatever else waits."""
    for name in pipeline().environments:
        yield declare.command(
            f"restart:{name}",
            partial(drift.restart, name),
            doc=f"start the dead pods of {name} again",
            after=["deployments"],
            acts=True,
            shows=True,
        )
