"""Running one check: its command in a clean checkout, or a rule of ours; it leaves a verdict."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..kernel import journal, paths, programs, remotes
from ..kernel.config import Check
from ..kernel.effects import Foreseen
from ..kernel.errors import Failed
from ..kernel.world import Forecast, World
from .messages import judge_messages


def passed(world: World, check: Check) -> dict[str, Any]:
    """Return the verdict "yes" for what stands now; it names what was judged."""
    judged = {
        name: sha256(world.read(paths.head_input(name)) or b"").hexdigest() for name in check.inputs
    }
    if check.rule:
        judged["commit"] = world.json(paths.HEAD)["commit"]
    return {"check": check.name, "judged": judged, "passed": True}


def _attempt(world: World, check: Check, number: int) -> programs.Done:
    commit = world.json(paths.HEAD)["commit"]
    with remotes.checkout(world, "source", commit, f"check:{check.name}") as tree:
        journal.say(f"attempt {number} of {check.attempts} on {commit}")
        what = (
            f"{check.name} (attempt {number} of {check.attempts})"
            if check.attempts > 1
            else check.name
        )
        assert check.command  # a check without a command has a rule  # noqa: S101
        return programs.run(
            check.command, cwd=tree, env=check.env, timeout=check.timeout, what=what
        )


def _run(world: World, check: Check) -> str:
    for number in range(1, check.attempts):
        try:
            return _last_line(_attempt(world, check, number))
        except Failed as error:
            journal.say(f"attempt {number} failed: {error}")
    return _last_line(_attempt(world, check, check.attempts))


def _last_line(done: programs.Done) -> str:
    """Return what a test runner says of itself, as near as a line can tell: how many, how long."""
    lines = [line.strip() for line in (done.out + "\n" + done.err).splitlines() if line.strip()]
    telling = [line for line in lines if any(sign.isdigit() for sign in line)]
    return (telling or lines or ["passed"])[-1][:60]


def judge(check: Check, world: World) -> str:
    """Judge the head and write the verdict.

    Raises:
        Failed: the verdict is no.
    """
    says = judge_messages(world) if check.rule else _run(world, check)
    world.write_json(paths.verdict(check.name), passed(world, check))
    return says


def assume(check: Check, world: Forecast) -> Foreseen:
    """Foresee a check: a plan assumes that it passes."""
    world.write_json(paths.verdict(check.name), passed(world, check))
    return Foreseen("assumed to pass")
