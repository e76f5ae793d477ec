"""`doit retry STAGE`: forgets what is recorded of one stage, and runs it again.

First it walks the graph as a plan does, in a world where that is forgotten, and shows what comes of
it. What a stage leaves stays where it is, so that nothing is lost when the run dies: it is only not
taken for done any more.
"""

from __future__ import annotations

from typing import Any

from doit import Globals

from ..kernel import chosen, graph, waiting
from ..kernel.asking import confirm
from ..kernel.effects import Next
from ..kernel.errors import WrongUsage
from ..kernel.redact import printable
from ..kernel.world import World
from .plan import forecast, known, lines_of
from .walk import Step, walk

_LINE = "release"
_YES = "--yes"


class _Forgetful:
    """doit's records, but for those of one task."""

    def __init__(self, manager: Any, name: str) -> None:
        self.manager, self.name = manager, name

    def _get(self, name: str, key: str) -> Any:
        return None if name == self.name else self.manager._get(name, key)

    def get_values(self, name: str) -> dict[str, Any]:
        """Return what doit has kept of a task."""
        return {} if name == self.name else dict(self.manager.get_values(name))


def _stage(names: list[str]) -> str:
    """Return the stage that is meant.

    Raises:
        WrongUsage: it is none that could be retried.
    """
    asked = [name for name in names if name != _YES]
    if wrong := [word for word in asked if word.startswith("-")]:
        what = f"{_YES} takes no value" if wrong[0].startswith(f"{_YES}=") else ""
        raise WrongUsage(
            what or f"there is no option {wrong[0].partition('=')[0]}",
            fix=f"write doit retry STAGE {_YES}, or leave it out to be asked",
        )
    if len(asked) != 1:
        raise WrongUsage(
            f"one stage is retried at a time, not {len(asked)}" if asked else "which stage?",
            fix="doit retry STAGE; doit list --all shows them",
        )
    name = known(asked)[0]
    task = graph.current()[name]
    meta = task.meta or {}
    if not task.actions:
        below = ", ".join(sorted(task.task_dep)[:6])
        raise WrongUsage(f"{name} is no stage but a group of them", fix=f"such as {below}")
    if meta.get("observer"):
        raise WrongUsage(f"{name} observes: it runs each time anyway", fix=f"doit {name}")
    if "forecast" not in meta:
        raise WrongUsage(f"{name} is a command: there is nothing to retry", fix=f"doit {name}")
    chosen.refuse_others([name])
    return name


def _walked(world: World, name: str) -> tuple[list[Step], list[Step]]:
    """Return what would become of the stage's own run, and of the release behind it."""
    tasks, manager = graph.current(), Globals.dep_manager
    own = graph.closure(tasks, [name])
    selected = [name, *([_LINE] if name in graph.closure(tasks, [_LINE]) else [])]
    with forecast(world) as ahead:
        if forget := (tasks[name].meta or {}).get("forget"):
            forget(ahead)
        steps = walk(tasks, selected, ahead, _Forgetful(manager, name))
    first = [step for step in steps if step.name in own]
    return first, [step for step in steps if step.name not in own]


def _shown(world: World, name: str) -> str:
    first, later = _walked(world, name)
    remembers = (graph.current()[name].meta or {}).get("forget")
    also = " and that this very tree has passed" if remembers else ""
    lines = [f"forgotten is that {name} has run here{also}; what it left stays", ""]
    lines += lines_of(first) or ["nothing would run"]
    if more := lines_of(later):
        lines += ["", "and with the next doit release", *(f"  {line}" for line in more)]
    return printable("\n".join(line.rstrip() for line in lines)) + "\n"


def retry(world: World, names: list[str], yes: bool = False) -> Next:
    """Show what a retry would do, ask, forget, and go on with the stage in the same invocation.

    Args:
        world: whose facts.
        names: the stage; doit hands over options that stand behind it, too.
        yes: do not ask.

    Raises:
        WrongUsage: there is no such stage, or nobody can be asked.
        Failed: the person said no.
    """
    name = _stage(names)
    said = yes or _YES in names or waiting.said_yes()
    print(_shown(world, name), flush=True)
    confirm(f"Retry {name}", yes=said, command=f"doit retry {name} {_YES}")
    if forget := (graph.current()[name].meta or {}).get("forget"):
        forget(world)
    return Next(f"{name} again", (name,))
