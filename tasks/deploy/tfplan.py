"""`tfplan:ENV`: the exact files that are due, and a saved Terraform plan for them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.effects import Foreseen
from ..kernel.world import UNKNOWN, Forecast, World
from ..promotion import wanted_by
from .prepare import COUNTS, in_words, opened

if TYPE_CHECKING:
    from ..terraform import Plan


def fact_of(key: str, plan: Plan, sha: str, at: tuple[int, str]) -> dict[str, Any]:
    """Return the fact `tfplan`: what the saved plan is for, and what it would do, without values.

    Args:
        key: of the files.
        plan: what it would do.
        sha: SHA-256 of the saved plan.
        at: serial and lineage of the state, as asked just before: one that moves meanwhile makes
            the plan a stale one, and never the other way round.
    """
    serial, lineage = at
    return {
        "key": key,
        "plan": sha,
        "serial": serial,
        "lineage": lineage,
        "empty": plan.empty,
        "summary": plan.summary,
        "lines": list(plan.lines),
        "protected": list(plan.protected),
    }


def make(name: str, world: World) -> str:
    """Plan, and keep the plan; it is what will be applied, and nothing else."""
    promoted = wanted_by(world, name)
    terraform = opened(world, promoted)
    terraform.validate()
    file, at = world.path(paths.tfplan_file(name)), terraform.state()
    plan = terraform.plan(file)
    sha = sha256(file.read_bytes()).hexdigest()
    world.write_json(paths.tfplan(name), fact_of(promoted["key"], plan, sha, at))
    return "\n".join([says(plan.empty, plan.summary), *plan.lines])


def says(empty: bool, summary: dict[str, int]) -> str:
    """Return a plan in a line."""
    if empty:
        return "nothing would change"
    return in_words(summary) if any(summary.values()) else "only outputs change"


def foresee(name: str, world: Forecast) -> Foreseen:
    """Foresee it without asking Terraform, which would write."""
    unknown: dict[str, Any] = dict.fromkeys(("plan", "serial", "lineage", "empty"), UNKNOWN)
    world.write_json(
        paths.tfplan(name),
        {
            "key": wanted_by(world, name)["key"],
            **unknown,
            "summary": dict.fromkeys(COUNTS, UNKNOWN),
            "lines": [],
            "protected": [],
        },
    )
    return Foreseen("terraform says what would change")


def forget(world: World, name: str) -> None:
    """Drop a plan that cannot be applied any more: the next run makes another."""
    for path in (paths.tfplan(name), paths.tfplan_file(name)):
        world.path(path).unlink(missing_ok=True)
