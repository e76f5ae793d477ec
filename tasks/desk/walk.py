"""Walking the graph without running it: what would run, why, and what it would change outside.

doit's own dispatcher gives the order. Each task is asked in a world in memory whether it would run
there; when it would, its forecast writes into that world what it would leave, so that a fact that
stays the same stops the ripple here as it does in a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from doit.control import TaskDispatcher

from ..kernel import paths
from ..kernel.effects import Foreseen
from ..kernel.errors import SlipwayError
from ..kernel.world import Forecast

State = Literal["runs", "current", "waits", "fails", "blocked"]


@dataclass(frozen=True, slots=True)
class Step:
    """What would become of one task.

    Attributes:
        name: the task's name.
        state: what would become of it.
        reasons: why it would run; nearest first.
        foreseen: what would come of it.
        observer: it always runs and changes nothing.
    """

    name: str
    state: State
    reasons: tuple[str, ...] = ()
    foreseen: Foreseen = field(default_factory=Foreseen)
    observer: bool = False


def reasons(task: Any, world: Forecast, manager: Any) -> list[str]:
    """Return why a task would run in this world; empty when it is up to date.

    Args:
        task: doit's task.
        world: facts as they would be by then.
        manager: doit's records of earlier successes.
    """
    if manager._get(task.name, "checker:") is None:  # doit offers no other way
        return ["never ran here"]
    values = manager.get_values(task.name)
    found = [why for check, *_ in task.uptodate for why in check.why(world, values)]
    found += [f"{target} is missing" for target in task.targets if not world.exists(target)]
    recorded = manager._get(task.name, "deps:")
    added = task.file_dep - set(recorded or ())
    if recorded and set(recorded) != task.file_dep:
        found.append("what it reads changed: " + (", ".join(sorted(added)) or "less than before"))
    for path in sorted(task.file_dep - added):
        if _changed(path, world, manager._get(task.name, path)):
            when = "changes" if path in world.written else "changed"
            found.append(f"{paths.spoken(path)} {when}")
    return found


def _changed(path: str, world: Forecast, recorded: str | None) -> bool:
    if path in world.unsure:
        return True
    content = world.read(path)
    if content is None:
        raise SlipwayError(f"{path} is missing, and nothing in this selection makes it")
    return sha256(content).hexdigest() != recorded


def walk(
    tasks: Mapping[str, Any], selected: Iterable[str], world: Forecast, manager: Any
) -> list[Step]:
    """Return a step for every task that a run would look at, in the order of a serial run.

    Args:
        tasks: the whole graph.
        selected: names of the tasks that would be run.
        world: where the forecasts write.
        manager: doit's records of earlier successes.
    """
    steps: list[Step] = []
    dispatcher = TaskDispatcher(dict(tasks), {}, list(selected)).generator
    node = None
    while True:
        try:
            node = dispatcher.send(node)
        except StopIteration:
            return steps
        task = node.task
        if node.bad_deps:
            node.run_status = "failure"
            if task.actions:
                steps.append(Step(task.name, "blocked"))
            continue
        if not task.actions:
            node.run_status = "successful"
            continue
        step = _step(task, world, manager)
        steps.append(step)
        node.run_status = {"runs": "successful", "current": "up-to-date"}.get(step.state, "failure")


def _step(task: Any, world: Forecast, manager: Any) -> Step:
    meta = task.meta or {}
    observer = bool(meta.get("observer"))
    try:
        why = reasons(task, world, manager)
        if not why:
            return Step(task.name, "current")
        forecast = meta.get("forecast")
        foreseen = forecast(world) if forecast else Foreseen("acts when asked")
    except SlipwayError as error:
        return Step(task.name, "fails", (), Foreseen(str(error)), observer)
    return Step(task.name, "waits" if foreseen.waits else "runs", tuple(why), foreseen, observer)
