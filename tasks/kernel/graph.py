"""The whole graph: what a selection takes with it, and a check of it before the first action."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import paths
from .errors import SlipwayError, WrongUsage

Tasks = Mapping[str, Any]

# `-n 2`, `-an2`: doit's options without a value may stand before it. Long ones may be cut short.
_PROCESSES = re.compile(r"-[acks]*n|--pro?c?e?s?s?(=|$)")

_tasks: Tasks = {}
_run: frozenset[str] = frozenset()


def remember(tasks: Tasks, selected: Iterable[str] = ()) -> None:
    """Keep the graph of this run, for the tasks that look at it (`plan`, `status`).

    doit keeps `file_dep` in sets, so the tasks that follow from them come in another order in
    every process. They are put into the order of the graph, as far as doit lets them.

    Args:
        tasks: the whole graph.
        selected: the tasks that were asked for.
    """
    global _tasks, _run
    _tasks, _run = tasks, frozenset(closure(tasks, selected))
    order = {name: place for place, name in enumerate(tasks)}
    for task in tasks.values():
        task.task_dep.sort(key=lambda name: order[name])


def current() -> Tasks:
    """Return the graph of this run: task name → doit's task."""
    return _tasks


def runs(name: str) -> bool | None:
    """Say whether a task is one of this run's; None where no run is known."""
    return name in _run if _run else None


def alone(kind: str) -> bool:
    """Say whether this run has at most one task whose name begins so.

    A worker that knows nothing of the run it works for (`-n`, where processes are started afresh)
    says no, since what hangs on it must not be done by mistake.
    """
    import multiprocessing

    if not _run:
        return multiprocessing.parent_process() is None
    return sum(name.startswith(kind) for name in _run) < 2


def closure(tasks: Tasks, selected: Iterable[str]) -> set[str]:
    """Return the names of all tasks that a selection brings with it."""
    found: set[str] = set()
    left = list(selected)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left.extend(tasks[name].task_dep)
    return found


def acts(tasks: Tasks, names: Iterable[str]) -> bool:
    """Say whether one of the tasks changes the world outside."""
    metas = [tasks[name].meta or {} for name in names]
    return any(meta.get("effect") or meta.get("acts") for meta in metas)


def mistakes(tasks: Tasks, names: Iterable[str], ignored: Iterable[str], root: Path) -> list[str]:
    """Return what is wrong with a part of the graph, before anything of it has run.

    Args:
        tasks: the whole graph.
        names: the part that will run.
        ignored: tasks that somebody told doit to ignore; a release that skips one in silence is
            worse than none.
        root: the project's folder.
    """
    made = {target for task in tasks.values() for target in task.targets}
    names = sorted(names)
    found = [
        f"task {name} is set to be ignored, and everything behind it would be skipped in silence\n"
        f"  doit forget {name}"
        for name in names
        if name in set(ignored)
    ]
    for name in names:
        for path in sorted(tasks[name].file_dep):
            if path not in made and not (root / path).exists():
                near = difflib.get_close_matches(path, made, 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                found.append(f"task {name} reads {path}, which nobody makes{hint}")
    return found


def check(tasks: Tasks, names: Iterable[str], ignored: Iterable[str]) -> None:
    """Raise when `mistakes` finds something.

    Raises:
        SlipwayError: with all of it.
    """
    found = mistakes(tasks, names, ignored, paths.ROOT)
    if found:
        raise SlipwayError(
            "the graph cannot run", detail=[line for text in found for line in text.split("\n")]
        )


def follow(tasks: Tasks, names: Iterable[str], words: Sequence[str]) -> None:
    """Have tasks wait for those that they come behind (`meta["behind"]`), where both run.

    Tasks that were typed one after the other run so, and one that fails or waits holds no other
    back. The members of the group `deploy` do not, nor does anything with `-n`: there only a
    dependency makes an order.

    Args:
        tasks: the whole graph.
        names: the part that will run.
        words: the command line.
    """
    names = set(names)
    if not (_side_by_side(words) or "deploy" in names):
        return
    for name in names:
        for before in (tasks[name].meta or {}).get("behind", ()):
            if before in names and before not in tasks[name].task_dep:
                tasks[name].task_dep.append(before)


def followed(tasks: Tasks, selected: Sequence[str]) -> Tasks:
    """Return the graph as a run of a selection has it; this run's own stays as it is.

    Args:
        tasks: the whole graph.
        selected: the tasks that would be asked for.
    """
    names = closure(tasks, selected)
    found = {**tasks, **{name: _copy(tasks[name]) for name in names}}
    follow(found, names, selected)
    return found


def _copy(task: Any) -> Any:
    """Return a task whose dependencies may be changed; `copy` would leave out its `uptodate`."""
    made = object.__new__(type(task))
    vars(made).update(vars(task), task_dep=list(task.task_dep))
    return made


def _side_by_side(words: Sequence[str]) -> bool:
    return any(_PROCESSES.match(word) for word in words)


def refuse_side_by_side(selected: Iterable[str], words: Sequence[str]) -> None:
    """Refuse to start a deployment beside what it has to wait for.

    doit knows no order between two selected tasks that share nothing but the world outside. One
    after the other they run as they were typed; with `-n` the second would start too early. Only
    deployments among themselves have an order (`follow`), and independent tracks need none.

    Args:
        selected: the tasks that were asked for.
        words: the command line.

    Raises:
        WrongUsage: a deployment and something else were asked for, with `-n`.
    """
    names = list(dict.fromkeys(selected))
    deployments = [name for name in names if name.startswith("deploy:")]
    if _side_by_side(words) and 0 < len(deployments) < len(names):
        raise WrongUsage(
            f"{' and '.join(names)} follow one another, and -n would start them side by side",
            fix=f"leave -n away: doit {' '.join(names)}",
        )
