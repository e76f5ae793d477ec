"""`doit why TASK…`: why a task would run; of an environment, what it has not. Changes nothing."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from doit import Globals

from ..kernel import graph, paths
from ..kernel.errors import Failed, WrongUsage
from ..kernel.redact import printable
from ..kernel.world import World
from .plan import forecast, known
from .walk import Step, walk

if TYPE_CHECKING:
    from .behind import Behind, Brought, Chart

_DEPLOYMENTS = "deployments"
_OF_ENVIRONMENTS = ("deploy", "promotion")
_STOPPED = ("waits", "fails")
_JSON = "--json"
_COMMITS, _FILES = 20, 2  # that are shown; a program gets all


@dataclass(frozen=True, slots=True)
class Answer:
    """Why one task would run, or why not.

    Attributes:
        step: what would become of it.
        command: it is nothing but a command: nobody waits for it.
        stops: what it would not come past, where that keeps it from running.
        since: since when it is up to date, where a receipt tells.
        behind: what the environment has not, where it is about one.
    """

    step: Step
    command: bool
    stops: tuple[Step, ...]
    since: str
    behind: Behind | None

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **asdict(self.step),
            "stops": [asdict(stop) for stop in self.stops],
            "since": self.since or None,
            "environment": self.behind.plain() if self.behind else None,
        }


def why(world: World, names: list[str], as_json: bool = False) -> str:
    """Print why some tasks would run.

    Args:
        world: whose facts, and whose configuration says where everything is.
        names: of the tasks; doit hands over what stands behind the first one as it is, options too.
        as_json: for a program.

    Raises:
        WrongUsage: none was named, or one of them is no task.
        Failed: a run would fail before it is known; a closed gate is no failure.
    """
    if _JSON in names:
        names, as_json = [name for name in names if name != _JSON], True
    if not names:
        raise WrongUsage("why what?", fix="doit why TASK, such as deploy:staging or release")
    found = answers(world, known(names))
    if as_json:
        print(json.dumps([one.plain() for one in found], indent=2, ensure_ascii=False))
    else:
        print(printable("\n\n".join("\n".join(lines_of(one)) for one in found)))
    failing = [step for one in found for step in (one.step, *one.stops) if step.state == "fails"]
    if failing:
        some = ", ".join(dict.fromkeys(step.name for step in failing))
        raise Failed(f"a run would fail at {some}")
    return ""


def answers(world: World, names: Sequence[str]) -> list[Answer]:
    """Return why some tasks would run; of a group, why its members would."""
    tasks = graph.followed(graph.current(), names)
    with forecast(world) as ahead:
        steps = {step.name: step for step in walk(tasks, names, ahead, Globals.dep_manager)}
    members = dict.fromkeys(one for name in names for one in _members(tasks, name))
    return [_answer(world, tasks, steps, name) for name in members]


def _members(tasks: Mapping[str, Any], name: str) -> list[str]:
    """Return a task, or those of a group that do something."""
    if tasks[name].actions:
        return [name]
    return [one for below in tasks[name].task_dep for one in _members(tasks, below)]


def _answer(world: World, tasks: Mapping[str, Any], steps: Mapping[str, Step], name: str) -> Answer:
    step, meta = steps[name], tasks[name].meta or {}
    before = graph.closure(tasks, [name]) - {name}
    stops = [one for one in steps.values() if one.name in before and one.state in _STOPPED]
    return Answer(
        step,
        not (step.observer or "forecast" in meta),
        tuple(stops) if step.state == "blocked" else (),
        _since(world, name) if step.state == "current" else "",
        _behind(world, tasks, name),
    )


def _behind(world: World, tasks: Mapping[str, Any], name: str) -> Behind | None:
    kind, _, environment = name.partition(":")
    if kind not in _OF_ENVIRONMENTS or environment not in world.config.environments:
        return None
    from .behind import behind

    with forecast(world) as ahead:
        walk(tasks, [_DEPLOYMENTS], ahead, Globals.dep_manager)  # as they will be, and no further
        return behind(ahead, environment)


def _since(world: World, name: str) -> str:
    """Return since when what a task has left stands as it is; "" when it leaves no receipt."""
    from ..promotion.notes import spoken

    path = paths.receipt(name)
    return spoken(world.path(path).stat().st_mtime) if world.exists(path) else ""


def lines_of(answer: Answer) -> list[str]:
    """Return an answer for a person."""
    lines = [*_environment(answer.behind), ""] if answer.behind else []
    return [*lines, *_task(answer)]


def _task(answer: Answer) -> list[str]:
    step = answer.step
    if answer.command:
        return [f"{step.name} is a command: it runs when somebody asks for it"]
    if step.state == "current":
        since = f", as it stands since {answer.since}" if answer.since else ""
        return [f"{step.name} is up to date{since}"]
    if step.state == "blocked":
        told = [line for stop in answer.stops for line in _stop(stop)]
        return [f"{step.name} would not run, because", *(f"  {line}" for line in told)]
    if step.state in _STOPPED:
        return _stop(step)
    if step.observer:
        return [f"{step.name} observes: it runs each time"]
    lines = [f"{step.name} would run, because", *(f"  {reason}" for reason in step.reasons)]
    if step.foreseen.means:
        lines.append(f"and change outside: {step.foreseen.means}  ({step.foreseen.says})")
    return lines


def _stop(step: Step) -> list[str]:
    first, *rest = step.foreseen.says.split("\n")
    verb = "waits" if step.state == "waits" else "would fail"
    return [f"{step.name} {verb}: {first}", *rest]


def _environment(told: Behind) -> list[str]:
    """Return why an environment is behind, for a person."""
    at = f" (state {told.state}, since {told.since})" if told.state else ", never deployed"
    next_ = f"      → {told.command}" if told.command else ""
    lines = [f"{told.environment}{at}: {told.says}{next_}"]
    for one in told.brought[:_COMMITS]:
        lines += ["", *_commit(one)]
    if more := len(told.brought) - _COMMITS:
        lines += ["", f"  and {more} more commits"] if more > 0 else []
    return lines


def _commit(one: Brought) -> list[str]:
    lines = [f"  deployments@{one.commit[:7]}  {one.subject}      {one.at}"]
    lines.append(f"    changed {_spoken(one.files)}")
    if one.chart:
        lines += _chart(one.chart)
    if one.passed:
        lines.append(f"    {one.passed} has had that since {one.since} (state {one.state})")
    return lines


def _spoken(files: Sequence[str]) -> str:
    if len(files) <= _FILES:
        return ", ".join(files)
    folder = posixpath.commonpath(files)
    return f"{len(files)} files in {folder}" if folder else f"{', '.join(files[:_FILES])} and more"


def _chart(chart: Chart) -> list[str]:
    lines = [f"    vendored from charts@{chart.commit[:7]}"] if chart.commit else []
    if not chart.release:
        return lines
    if chart.release == chart.before:
        return [*lines, f"    with release {chart.release}, as before"]
    had = f" (it has {chart.before})" if chart.before else ""
    first = f"    bumped for release {chart.release}{had}"
    if chart.trouble:
        return [*lines, first, f"    what that brings is not known: {chart.trouble}"]
    if not chart.changes:
        return [*lines, first]
    width = max(len(change.subject) for change in chart.changes[:_COMMITS])
    lines.append(f"{first}, which {'takes back' if chart.back else 'brings'}")
    for change in chart.changes[:_COMMITS]:
        pull = f"(#{change.pull})" if change.pull else ""
        lines.append(f"      {change.commit[:7]} {change.subject:<{width}}  {pull}".rstrip())
    if (more := len(chart.changes) - _COMMITS) > 0:
        lines.append(f"      and {more} more")
    return lines
