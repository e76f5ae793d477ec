"""Whether a plan may be applied now, although no file is due: in a freeze, or behind a gate.

What is due was asked about when the files were chosen. What has drifted, or what `replace=` names,
changes an environment without a new file, and a freeze is meant for that as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.actions import Gate
from ..kernel.world import World
from ..promotion import answers, decided, head, judge, once_more, state_in, withdrawn
from .past import add, history
from .prepare import in_words

if TYPE_CHECKING:
    from ..promotion import engine


def ask(world: World, at: head.Head, promoted: dict[str, Any], plan: dict[str, Any]) -> None:
    """Let a plan that changes something go on, and note who asked for what no file asks for.

    Args:
        world: whose remote.
        at: where the deployments stand now.
        promoted: the fact `promotion`.
        plan: the fact `tfplan`.

    Raises:
        Gate: the environment is frozen, and nobody has made an exception.
    """
    if found := frozen(world, at, promoted):
        says, fix = found
        raise Gate(f"{says} ({in_words(plan['summary'])})", fix=fix)
    if told := plan.get("asked"):
        _note(world, promoted["environment"], told, plan["plan"])


def moved(world: World, at: head.Head, promoted: dict[str, Any]) -> str:
    """Return why an environment is not to have some files any more; "" when it still is.

    Args:
        world: whose remote.
        at: where the deployments stand now.
        promoted: the fact `promotion` that the files are from.
    """
    verdict = judge(world, promoted["environment"], at)
    if verdict.fix:
        return verdict.says
    if verdict.fact is None or verdict.fact["key"] != promoted["key"]:
        return "the environment is to have other files by now"
    return ""


def decided_against(
    world: World, at: head.Head, promoted: dict[str, Any], record: engine.Record
) -> str:
    """Return what somebody has decided against some files since they were chosen; "" for nothing.

    That there are newer files by now is no decision.

    Args:
        world: whose remote.
        at: where the deployments stand now.
        promoted: the fact `promotion` that the files are from.
        record: what the environment is recorded with.
    """
    name = promoted["environment"]
    hold = decided.hold_on(world, at, name)
    if (decided.in_words(hold) if hold else "") != promoted.get("held", ""):
        return f"{name} is held" if hold else f"{name} was let go on"
    said = answers.word_on(world, at.gates, name)
    if world.config.environments[name].gate and not hold and said:
        if not said.yes:
            return f"{said.by} has rejected it: {said.why}"
        if said.key != promoted["key"]:
            return f"{said.by} has said yes to something else"
    yank = withdrawn.brought(world, at, state_in(promoted).hashes(), record)
    return f"{yank.version} is {yank.spoken}" if yank else ""


def frozen(world: World, at: head.Head, promoted: dict[str, Any]) -> tuple[str, str] | None:
    """Return how an environment is frozen and what lets a change through; None when it may come."""
    name = promoted["environment"]
    # Who asked for a rollback has said why; that goes through a freeze.
    freeze = None if promoted.get("held") else decided.frozen_for(world, at, name, promoted["key"])
    if freeze is None:
        return None
    same = f"{once_more.VARIABLE}=yes " if once_more.asked() else ""
    return (
        f"{name} is frozen until {freeze.until}: {freeze.reason}",
        f'doit {same}override:{name} --by=NAME --why="TEXT" lets it through',
    )


def _note(world: World, name: str, told: dict[str, Any], plan: str) -> None:
    """Note it before it happens: afterwards nobody may be there to do so."""
    last = history(world, name, 1)
    if last and last[0].said("Plan") == plan:
        return  # this run goes on with an apply that was cut off
    fields = {"Result": "replaced", "By": told["by"], "Why": told["why"], "Plan": plan}
    add(world, name, f"made anew: {', '.join(told['replace'])}", fields)
