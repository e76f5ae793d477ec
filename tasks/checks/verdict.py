"""Judging: one check on one subject, by its command or by a rule of ours; it leaves a verdict."""

from __future__ import annotations

from typing import Any

from ..kernel import journal, lock, paths, programs
from ..kernel.config import Check
from ..kernel.effects import Foreseen
from ..kernel.errors import Failed
from ..kernel.world import UNKNOWN, Forecast, World
from . import passes, pulls, unfinished
from .artifacts import Kept
from .attempt import Passed, attempt
from .messages import judge_messages
from .subject import Subject


def verdict(
    world: World, check: Check, subject: Subject, kept: Kept | str | None = None
) -> dict[str, Any]:
    """Return the verdict "yes" for what stands now; it names what was judged."""
    judged = passes.inputs(world, check, subject)
    if check.rule:
        judged["commit"] = subject.commit(world)
    if check.rule == "promote-files":
        judged |= pulls.facts(world, subject)
    told = {"check": check.name, "judged": judged, "passed": True}
    if check.from_:
        told["from"] = passes.sources(world, check, subject)
    return told | ({"artifacts": kept} if kept else {})


def judge(check: Check, subject: Subject, world: World) -> str:
    """Judge, and write the verdict.

    Raises:
        Failed: the verdict is no.
    """
    if check.rule:
        says = _by_rule(world, check, subject)
        world.write_json(subject.verdict(check.name), verdict(world, check, subject))
        return says
    _finish_forgotten(world)
    patience = max(lock.WAIT, 3 * check.timeout * check.attempts)
    with lock.exclusively(_lock(world, check.name), patience):
        unfinished.finish(world, check.name)
        return _by_command(world, check, subject)


def _by_rule(world: World, check: Check, subject: Subject) -> str:
    if check.rule == "promote-files":
        return pulls.judge_files(world, subject)
    if check.rule == "pull-limit":
        return pulls.judge_number(world, check, subject)
    return judge_messages(world, subject)


def _by_command(world: World, check: Check, subject: Subject) -> str:
    if found := passes.find(world, check, subject):
        kept = found["artifacts"]
        world.write_json(subject.verdict(check.name), verdict(world, check, subject, kept))
        return f"{found['says']}  (the same tree, at {found['commit'][:7]})"
    passed, number = _attempts(world, check, subject)
    says = _last_line(passed.done) + (f"  (attempt {number})" if number > 1 else "")
    passes.remember(world, check, subject, says, passed.kept)
    world.write_json(subject.verdict(check.name), verdict(world, check, subject, passed.kept))
    return says


def _attempts(world: World, check: Check, subject: Subject) -> tuple[Passed, int]:
    for number in range(1, check.attempts):
        try:
            return attempt(world, check, subject, number), number
        except Failed as error:
            if world.exists(unfinished.mark(check.name)):
                raise  # its `after` failed: another attempt would set up the same once more
            journal.say(f"attempt {number} failed: {error}")
    return attempt(world, check, subject, check.attempts), check.attempts


def _finish_forgotten(world: World) -> None:
    """End what was cut off of checks that are not declared any more, so that nobody else would."""
    for file in sorted(world.path(f"{paths.BUILD}/checks").glob("*/unfinished.json")):
        name = file.parent.name
        if name not in world.config.checks:
            with lock.exclusively(_lock(world, name)):
                unfinished.finish(world, name)


def _lock(world: World, check: str) -> Any:
    return world.path(f"{paths.kept_of(check)}/lock")


def _last_line(done: programs.Done) -> str:
    """Return what a test runner says of itself, as near as a line can tell: how many, how long."""
    lines = [line.strip() for line in (done.out + "\n" + done.err).splitlines() if line.strip()]
    telling = [line for line in lines if any(sign.isdigit() for sign in line)]
    return (telling or lines or ["passed"])[-1][:60]


def assume(check: Check, subject: Subject, world: Forecast) -> Foreseen:
    """Foresee a check: a plan assumes that it passes, unless it is known to."""
    found = None if check.rule else passes.find(world, check, subject)
    kept = found["artifacts"] if found else (UNKNOWN if check.artifacts else None)
    world.write_json(subject.verdict(check.name), verdict(world, check, subject, kept))
    if found:
        return Foreseen(f"the same tree has passed, at {found['commit'][:7]}")
    return Foreseen("assumed to pass")
