"""Declares what people decide about an environment, and what they ask about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from ..kernel import declare
from ..kernel.config import Environment
from ..kernel.pipeline import pipeline
from . import approve, drift, hold, override, reject, unlock

_SAID = (
    {"name": "by", "long": "by", "default": "", "help": "who says so"},
    {"name": "why", "long": "why", "default": "", "help": "the reason"},
)
_WHO = "(--by=NAME --why=TEXT)"
_PLAN = {
    **{"name": "plan", "long": "plan", "type": bool, "default": False},
    "help": "ask Terraform what it would do",
}
_YES = {
    **{"name": "yes", "long": "yes", "type": bool, "default": False},
    "help": "go back to a yanked release without being asked",
}
_TO = {"name": "to", "long": "to", "default": "", "help": "the number of an earlier state"}


def _has_gate(environment: Environment) -> bool:
    return environment.gate


def _values(name: str) -> Sequence[str]:
    return [f"chart:values:{name}"] if pipeline().chart else []


def _for_each(
    verb: str,
    action: Callable[..., Any],
    doc: str,
    *,
    params: Sequence[dict[str, Any]] = _SAID,
    after: Callable[[str], Sequence[str]] = lambda _: (),
    where: Callable[[Environment], bool] = lambda _: True,
) -> Iterator[declare.Task]:
    """Declare `VERB:ENV` for every environment: a decision that somebody takes, or a question.

    Args:
        verb: what is decided or asked.
        action: takes the environment's name, the world and the options.
        doc: one line, `{name}` standing for the environment.
        params: its options: as a rule, who says so and why.
        after: takes its name: what must come first besides the look at the deployments.
        where: which environments have it.
    """
    for name, environment in pipeline().environments.items():
        if where(environment):
            yield declare.command(
                f"{verb}:{name}",
                partial(action, name),
                doc=doc.format(name=name),
                after=["deployments", *after(name)],
                params=params,
                acts=True,
                shows=True,
            )


def task_approve_environment() -> Iterator[declare.Task]:
    """`approve:ENV`: behind the observer, and behind the values that a deployment would render.

    Else what is shown were the environment's values of before.
    """
    doc = "open the gate of {name} for what is shown (--by=NAME --why=TEXT, --plan)"
    return _for_each(
        "approve", approve.approve, doc, params=(*_SAID, _PLAN), after=_values, where=_has_gate
    )


def task_reject_environment() -> Iterator[declare.Task]:
    """`reject:ENV`: no to what waits, or an approval taken back."""
    doc = f"say no to what waits for {{name}}, or take a yes back {_WHO}"
    return _for_each("reject", reject.reject, doc, where=_has_gate)


def task_override_environment() -> Iterator[declare.Task]:
    """`override:ENV`: an exception from a freeze, for exactly what waits."""
    doc = f"let what waits for {{name}} through a freeze {_WHO}"
    return _for_each("override", override.override, doc)


def task_rollback() -> Iterator[declare.Task]:
    """`rollback:ENV`: back to an earlier state, and held there."""
    doc = "hold {name} at an earlier state (--by=NAME --why=TEXT, --to=STATE, --plan, --yes)"
    return _for_each("rollback", hold.rollback, doc, params=(*_SAID, _TO, _PLAN, _YES))


def task_resume() -> Iterator[declare.Task]:
    """`resume:ENV`: the end of a hold."""
    return _for_each("resume", hold.resume, f"let {{name}} go on from where it was held {_WHO}")


def task_unlock() -> Iterator[declare.Task]:
    """`unlock:ENV`: for the lock of a machine that is gone."""
    doc = f"take away the lock of a dead deployment to {{name}} {_WHO}"
    return _for_each("unlock", unlock.unlock, doc)


def task_drift() -> Iterator[declare.Task]:
    """`drift:ENV`: a question, answered by the exit code as well."""
    doc = "is {name} still what is recorded? (exit 0 or 1)"
    return _for_each("drift", drift.drift, doc, params=())


def task_restart() -> Iterator[declare.Task]:
    """`restart:ENV`: dead pods only, whatever else waits."""
    return _for_each("restart", drift.restart, "start the dead pods of {name} again", params=())
