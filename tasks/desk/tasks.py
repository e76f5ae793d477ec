"""Declares `status` (the default task) and `plan`."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare
from .plan import plan
from .status import status


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
        params=[
            {
                "name": "as_json",
                "long": "json",
                "type": bool,
                "default": False,
                "help": "for a program",
            }
        ],
        pos_arg="tasks",
        shows=True,
    )
