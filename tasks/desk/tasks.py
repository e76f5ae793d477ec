"""Declares `status` (the default task), `plan`, `why`, `trace`, `where`, `doctor` and `demo`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare
from ..kernel.pipeline import pipeline
from .demo import demo
from .doctor import doctor
from .init import init
from .past import history
from .plan import plan
from .retry import retry
from .status import status
from .trace import trace
from .where import where
from .why import why

_INIT = [
    {"name": name, "long": name, "default": "", "help": help_}
    for name, help_ in (
        ("source", "git URL of the repository that is released"),
        ("charts", "git URL of the repository with the Helm chart"),
        ("deployments", "git URL of the repository with the environments"),
        ("registry", "where images go: HOST/PREFIX or a URL"),
        ("forge", "OWNER/NAME on GitHub"),
        ("project", "the project's name"),
        ("out", "the file to write; pipeline.yml of the checkout by default"),
    )
]
_FORCE = {"name": "force", "long": "force", "type": bool, "default": False, "help": "overwrite"}
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


def task_why() -> Iterator[declare.Task]:
    """`why TASK…`: the graph walked in memory, and of an environment what it has not."""
    yield declare.command(
        "why",
        why,
        doc="why a task would run, and what an environment has not yet: doit why TASK… [--json]",
        params=[_JSON],
        pos_arg="names",
        shows=True,
    )


def task_retry() -> Iterator[declare.Task]:
    """`retry STAGE`: what was recorded of one stage is forgotten, and it runs once more."""
    yes = {"name": "yes", "long": "yes", "type": bool, "default": False, "help": "do not ask"}
    yield declare.command(
        "retry",
        retry,
        doc="run one stage again although it is up to date: doit retry STAGE [--yes]",
        params=[yes],
        pos_arg="names",
        acts=True,
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


def task_history() -> Iterator[declare.Task]:
    """`history:ENV`: read on the deployments remote alone; a fresh clone will do."""
    most = {"name": "most", "long": "most", "default": "", "help": "how many events at most"}
    for name in pipeline().environments:
        yield declare.command(
            f"history:{name}",
            partial(history, environment=name),
            doc=f"who deployed what to {name}, when, with which result [--json] [--most=30]",
            params=[_JSON, most],
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


def task_init() -> Iterator[declare.Task]:
    """`init`: works without a `pipeline.yml`, and with a broken one."""
    yield declare.command(
        "init",
        init,
        doc="write a first pipeline.yml for repositories that exist (--source=URL --charts=URL …)",
        params=[*_INIT, _FORCE],
        shows=True,
    )
