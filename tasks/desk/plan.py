"""`doit plan [TASK…]`: what would run, why, each effect and what observe says. Writes nothing."""

from __future__ import annotations

import difflib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from doit import Globals

from ..kernel import graph
from ..kernel.errors import Failed, WrongUsage
from ..kernel.redact import printable
from ..kernel.world import Forecast, World
from .walk import Step, walk

_WIDTH = 44  # columns


@contextmanager
def forecast(world: World) -> Iterator[Forecast]:
    """Yield a world for a plan, with a scratch folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="slipway-plan-") as scratch:
        yield Forecast(world, Path(scratch))


def known(names: Sequence[str]) -> list[str]:
    """Return the tasks to plan.

    Raises:
        WrongUsage: one of them is no task.
    """
    tasks = graph.current()
    for name in names:
        if name not in tasks:
            near = difflib.get_close_matches(name, tasks, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise WrongUsage(f"{name} is not a task{hint}", fix="doit list shows them")
    return list(names)


def make(world: World, names: Sequence[str]) -> list[Step]:
    """Return the steps of a run that has not happened."""
    names = known(names)
    with forecast(world) as ahead:
        return walk(graph.followed(graph.current(), names), names, ahead, Globals.dep_manager)


def _why(step: Step) -> str:
    more = f" (+{len(step.reasons) - 1} more)" if len(step.reasons) > 1 else ""
    return (step.reasons[0] if step.reasons else "") + more


def _table(steps: list[Step]) -> list[str]:
    running = [step for step in steps if step.state == "runs" and not step.observer]
    if not running:
        return []
    says = {step.name: _short(step.foreseen.says) for step in running}
    name, to = max(map(len, says)) + 2, max(map(len, says.values()))
    lines = [f"{'would run':<{name}}  {'to':<{to}}  because"]
    for step in running:
        lines.append(f"  {step.name:<{name - 2}}  {says[step.name]:<{to}}  {_why(step)}")
    return lines


def _short(says: str) -> str:
    first = says.partition("\n")[0]
    return first if len(first) <= _WIDTH else first[: _WIDTH - 1] + "…"


def _effects(steps: list[Step]) -> list[str]:
    acting = [step for step in steps if step.state == "runs" and step.foreseen.means]
    if not acting:
        return []
    lines = ["", "would change outside, in this order"]
    for step in acting:
        told = step.foreseen
        lines.append(f"  {told.port:<9} {told.means}  ({told.says})")
    return lines


def _ending(steps: list[Step]) -> list[str]:
    lines: list[str] = []
    for step in steps:
        if step.state == "fails":
            first, *rest = step.foreseen.says.split("\n")
            lines += ["", f"would fail  {step.name}: {first}", *(f"  {line}" for line in rest)]
    blocked = [step.name for step in steps if step.state == "blocked"]
    if blocked:
        lines.append(f"would not run: {', '.join(blocked)}")
    lines += [
        f"\nthen waits at the gate: {step.foreseen.says}" for step in steps if step.state == "waits"
    ]
    return lines


def lines_of(steps: list[Step]) -> list[str]:
    """Return what would run, what would change outside, and how it would end; [] for nothing."""
    return [*_table(steps), *_effects(steps), *_ending(steps)]


def shown(steps: list[Step]) -> str:
    """Return a plan for a person."""
    body = lines_of(steps)
    if not body:
        body = ["nothing would run: everything is up to date, and nothing outside would change"]
    if any(step.name.startswith("check:") and step.state == "runs" for step in steps):
        body.append("\nThis assumes that the checks pass and that builds are reproducible.")
    return printable("\n".join([*body, "Nothing was written."]).strip("\n") + "\n")


def plan(world: World, tasks: list[str], as_json: bool = False) -> str:
    """Print the plan.

    Args:
        world: the facts to plan from.
        tasks: what to plan; doit hands over what stands behind the first name as it is, options
            too.
        as_json: for a program.

    Raises:
        Failed: a run would fail; a closed gate is no failure.
    """
    if "--json" in tasks:
        tasks, as_json = [name for name in tasks if name != "--json"], True
    steps = make(world, tasks or ["release"])
    if as_json:
        print(json.dumps([asdict(step) for step in steps], indent=2, ensure_ascii=False))
    else:
        print(shown(steps), end="")
    if failing := [step.name for step in steps if step.state == "fails"]:
        raise Failed(f"a run would fail at {', '.join(failing)}")
    return ""
