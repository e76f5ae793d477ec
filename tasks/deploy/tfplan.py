"""`tfplan:ENV`: the exact files that are due, and a saved Terraform plan for them.

A plan may hold secrets in plain text, and whoever could decrypt it could as well plan again: so it
is kept not at all. Its file ends with the apply, and at the latest with the run that made it. After
`kill -9` it is there for the run that goes on, readable by its owner only. What stays is a fact
with counts, names and a checksum.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.effects import Foreseen
from ..kernel.errors import Failed
from ..kernel.receipts import UpToDate
from ..kernel.world import UNKNOWN, Forecast, World
from ..promotion import head, wanted_by
from . import allowed, asked, begun, lock, lost
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
        "destroys": list(plan.destroys),
    }


def make(name: str, world: World) -> str:
    """Plan, and keep the plan for this run; it is what will be applied, and nothing else.

    Raises:
        Locked: somebody else is deploying the environment.
        Failed: it was deployed before, and its state is gone; or nothing would be made anew by a
            name that was said.
        Unsaid: something is to be made anew behind a gate, and nobody says who wants it, and why.
    """
    promoted, told = wanted_by(world, name), asked.replacement(world, name)
    lock.wait(world, name)
    terraform = opened(world, promoted)
    terraform.validate()
    file, at = world.path(paths.tfplan_file(name)), terraform.state()
    lost.refuse(world, name, at)
    file.unlink(missing_ok=True)
    _own(world, name)
    plan = terraform.plan(file, replace=asked.to_replace())
    try:
        asked.refuse_unplanned(name, plan)
    except Failed:
        forget(world, name)
        raise
    sha = sha256(file.read_bytes()).hexdigest()
    world.write_json(paths.tfplan(name), fact_of(promoted["key"], plan, sha, at) | told)
    return "\n".join([says(plan.empty, plan.summary), *plan.lines])


def says(empty: bool, summary: dict[str, int]) -> str:
    """Return a plan in a line."""
    if empty:
        return "nothing would change"
    return in_words(summary) if any(summary.values()) else "only outputs change"


def foresee(name: str, world: Forecast) -> Foreseen:
    """Foresee it without asking Terraform, which would write.

    What drifted only Terraform knows; what is to be made anew a freeze is sure to stop.

    Raises:
        Unsaid: nobody says who wants something made anew behind a gate.
    """
    promoted = wanted_by(world, name)
    asked.replacement(world, name)
    unknown: dict[str, Any] = dict.fromkeys(("plan", "serial", "lineage", "empty"), UNKNOWN)
    world.write_json(
        paths.tfplan(name),
        {
            "key": promoted["key"],
            **unknown,
            "summary": dict.fromkeys(COUNTS, UNKNOWN),
            "lines": [],
            "protected": [],
            "destroys": [],
        },
    )
    at = head.head_of(world)
    if asked.to_replace() and UNKNOWN not in at.commit:
        found = allowed.frozen(world, at, promoted)
        if found:
            return Foreseen(" → ".join(found), waits=True)
    return Foreseen("terraform says what would change")


def drop_file(world: World, name: str) -> None:
    """Drop a plan's file: it is applied, or never will be."""
    for path in (paths.tfplan_file(name), paths.tfplan_run(name)):
        world.path(path).unlink(missing_ok=True)


def forget(world: World, name: str) -> None:
    """Drop a plan that cannot be applied any more: the next run makes another."""
    drop_file(world, name)
    world.path(paths.tfplan(name)).unlink(missing_ok=True)


def go_on(world: World, name: str) -> None:
    """Take over the plan that a killed run has left: its file ends with this run now."""
    if world.exists(paths.tfplan_file(name)):
        _own(world, name)


def _own(world: World, name: str) -> None:
    world.write(paths.tfplan_run(name), f"{_run()}\n".encode())


def _run() -> int:
    """Return the process of this run; with `-n`, that of which this one is a worker."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    return (parent.pid if parent else None) or os.getpid()


def sweep() -> None:
    """Drop the files of the plans that this run has made or taken over, as its process ends."""
    for note in (paths.ROOT / paths.BUILD / "tfplan").glob("*.run"):
        try:
            mine = note.read_text().strip() == str(os.getpid())
        except OSError:
            continue
        if mine:
            note.with_suffix(".tfplan").unlink(missing_ok=True)
            note.unlink(missing_ok=True)


class Kept(UpToDate):
    """`uptodate` of a plan: it was applied, or its file is still there to be applied.

    Args:
        name: of the environment.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return why there has to be another one."""
        if not world.exists(paths.tfplan(self.name)) or world.exists(paths.tfplan_file(self.name)):
            return []
        if begun.is_told(world, self.name, world.json(paths.tfplan(self.name))["plan"]):
            return []
        return ["its plan was not kept"]
