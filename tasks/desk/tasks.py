"""Declares `status` (the default task), `plan`, `trace`, `where`, `doctor` and `demo`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare
from ..kernel.pipeline import pipeline
from .demo import demo
from .doctor import doctor
from .plan import plan
from .status import status
from .trace import trace
from .where import where

_JSON = {"name": "as_json", "long": "json", "type": bool, "default": False, "help": "for a program"}


def task_status() -> Iterator[declare.Task]:
    """`status`: asks the outside, writes nothing."""
    yield declare.command(
        "status", status, doc="where things stand, and what to type next", shows=True
    )


def task_plan() -> Iterator[declare.Task]:
    """`plan`: the graph walked in memory."""
    yield declare.command(
        "plan",
        plan,
        doc="what would run, why, and what it would change outside: doit plan [TASK…] [--json]",
        params=[_JSON],
        pos_arg="tasks",
        shows=True,
    )


def task_trace() -> Iterator[declare.Task]:
    """`trace:ENV`: every link read outside and verified; a fresh clone will do."""
    for name in pipeline().environments:
        yield declare.command(
            f"trace:{name}",
            partial(trace, environment=name),
            doc=f"where what {name} has comes from, each link verified: doit trace:{name} [--json]",
            params=[_JSON],
            shows=True,
        )


def task_where() -> Iterator[declare.Task]:
    """`where COMMIT`: the stops of one change."""
    yield declare.command(
        "where",
        where,
        doc="where a change has got to: doit where COMMIT [--json] (an id, a tag, or '#12')",
        params=[_JSON],
        pos_arg="names",
        shows=True,
    )


def task_doctor() -> Iterator[declare.Task]:
    """`doctor`: works with a broken `pipeline.yml`, too."""
    yield declare.command(
        "doctor", doctor, doc="is all here that this pipeline needs, and how to get it", shows=True
    )


def task_demo() -> Iterator[declare.Task]:
    """`demo`: the README's first command."""
    yield declare.command(
        "demo",
        demo,
        doc="the whole journey in the sandbox: a commit travels to production",
        shows=True,
    )
