"""How a room declares its tasks: dictionaries for doit, made in one way to keep every promise.

Each task has a doc, depends on its room's sources and its slice of the configuration, runs through
`actions.perform`, and tells `plan` what would come of it (`meta["forecast"]`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from . import paths
from .actions import Action, perform, perform_with
from .effects import Effect, Foreseen, carry_out, foresee
from .events import Listener
from .receipts import Always, Configured, Holds, Untouched
from .world import Forecast, World

Task = dict[str, Any]
Forecaster = Callable[[Forecast], Foreseen]


def _named(name: str, grouped: bool) -> Task:
    if grouped:
        group, _, member = name.partition(":")
        return {"basename": group, "name": member}
    return {"basename": name}


def run_in_memory(action: Callable[[World], str | None], world: Forecast) -> Foreseen:
    """Foresee a decision by making it: it touches facts only, and the forecast keeps the writes."""
    return Foreseen(action(world) or "")


def group(name: str, doc: str) -> Task:
    """Declare a group that runs all its members, with a line for `doit list`."""
    return {"basename": name, "name": None, "doc": doc}


def stage(
    name: str,
    action: Callable[[World], str | None],
    *,
    doc: str,
    room: str,
    reads: Sequence[str],
    writes: Sequence[str],
    after: Sequence[str] = (),
    settings: Any = None,
    wakes: Sequence[Any] = (),
    forecast: Forecaster | None = None,
    grouped: bool = False,
    acts: bool = False,
    opens: Callable[[World], bool] | None = None,
) -> Task:
    """Declare a stage that turns facts into facts.

    Args:
        name: the task's name; with `grouped`, GROUP:MEMBER.
        action: reads and writes facts through the world it is given.
        doc: one line for `doit list`.
        room: the folder below `tasks/` whose sources it depends on.
        reads: facts it depends on (`file_dep`).
        writes: facts it leaves (`targets`).
        after: tasks that must come first without leaving it a file (`task_dep`).
        settings: its slice of the configuration, plain data.
        wakes: further `uptodate` objects with `reasons`.
        forecast: what a plan does instead of running the action in memory, for an action that costs
            something.
        grouped: a member of a group that runs as a whole.
        acts: it changes the world outside on its way, though nothing of it stays: it needs the run
            lock.
        opens: of a gate: asks the outside whether it would let through now (`kernel.waiting`).
    """
    return {
        **_named(name, grouped),
        "actions": [(perform, [name, action])],
        "doc": doc,
        "file_dep": [*reads, *paths.room_sources(room)],
        "targets": list(writes),
        "task_dep": list(after),
        "uptodate": [Configured(settings), Untouched(writes), *wakes],
        "meta": {
            "forecast": forecast or partial(run_in_memory, action),
            "acts": acts,
            "opens": opens,
        },
    }


def observer(
    name: str,
    observe: Callable[[World], str | None],
    *,
    doc: str,
    writes: Sequence[str],
    after: Sequence[str] = (),
    opens: Callable[[World], bool] | None = None,
) -> Task:
    """Declare an observer: always runs, asks the outside once, writes what it saw if it changed.

    See `stage` for the arguments.
    """
    return {
        "basename": name,
        "actions": [(perform, [name, observe])],
        "doc": doc,
        "targets": list(writes),
        "task_dep": list(after),
        "uptodate": [Always("observes")],
        "meta": {
            "forecast": partial(run_in_memory, observe),
            "observer": True,
            "opens": opens,
        },
    }


def effect(
    told: Effect[Any],
    *,
    doc: str,
    room: str,
    reads: Sequence[str],
    observers: Sequence[str],
    after: Sequence[str] = (),
    writes: Sequence[str] = (),
    settings: Any = None,
    wakes: Sequence[Any] = (),
    grouped: bool = False,
) -> Task:
    """Declare an effect; see `stage` for the arguments.

    Args:
        observers: the ports whose sightings its receipt claims.
        writes: facts it leaves besides its receipt.
    """
    targets = [paths.receipt(told.task), *writes]
    return {
        **_named(told.task, grouped),
        "actions": [(perform, [told.task, partial(carry_out, told)])],
        "doc": doc,
        "file_dep": [*reads, *paths.room_sources(room)],
        "targets": targets,
        "task_dep": [*observers, *after],
        "uptodate": [Configured(settings), Untouched(targets), Holds(told.task), *wakes],
        "meta": {"forecast": partial(foresee, told), "effect": True},
    }


def command(
    name: str,
    action: Action,
    *,
    doc: str,
    after: Sequence[str] = (),
    params: Sequence[dict[str, Any]] = (),
    pos_arg: str | None = None,
    acts: bool = False,
    shows: bool = False,
    listener: Listener | None = None,
) -> Task:
    """Declare something a person asks for: it always runs and leaves no fact.

    Args:
        name: the task's name.
        action: takes the world and the options.
        doc: one line for `doit list`.
        after: tasks that must come first.
        params: doit's options.
        pos_arg: name of the parameter that takes the free arguments.
        acts: it changes the world outside, so it needs the run lock.
        shows: it prints its answer to standard output.
        listener: hears what happens in every run with effects (`kernel.events`).
    """
    run = perform_with if params or pos_arg else perform
    task: Task = {
        "basename": name,
        "actions": [(run, [name, action], {"keep_log": acts})],
        "doc": doc,
        "task_dep": list(after),
        "uptodate": [Always("asked for")],
        "params": list(params),
        "meta": {"effect": acts, "shows": shows} | ({"listener": listener} if listener else {}),
    }
    if shows:
        task |= {"verbosity": 2, "io": {"capture": False}}
    if pos_arg:
        task["pos_arg"] = pos_arg
    return task
