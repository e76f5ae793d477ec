"""The human gate: closed as long as the newest candidate has not been released."""

from __future__ import annotations

from typing import Any

from ..forge import connect, is_yanked, marked, merged_promotion, rules_of, strange_files
from ..kernel import paths, remotes
from ..kernel.actions import Gate
from ..kernel.effects import Foreseen
from ..kernel.receipts import UpToDate
from ..kernel.waiting import Never
from ..kernel.world import Forecast, World
from ..version import is_newer


def is_open(world: World) -> bool:
    """Say whether nothing waits for a human: there is no candidate, or it is what was published."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        return True
    if is_yanked(world, version["core"], version["commit"]):
        return True  # it was released, and withdrawn: the next change is the next candidate
    published = world.json(paths.receipt("publish"))
    return (published.get("version"), published.get("commit")) == (
        version["core"],
        version["commit"],
    )


def waiting_for(world: World) -> tuple[str, str]:
    """Return what the gate waits for, and what to type."""
    version = world.json(paths.VERSION)
    number = world.json(paths.receipt("promote")).get("pull")
    pulls = connect(world).pulls(world.config.promotion.branch)
    pull = next((pull for pull in pulls if pull.number == number), None)
    candidate = version["version"]
    if pull and pull.state == "closed" and marked(pull.body) == candidate:
        return (
            f"{pull.where} was closed: {candidate} will not be released",
            "reopen it, or push a fix",
        )
    if pull and pull.state == "merged":
        return f"{pull.where} is merged: {version['core']} can be released", "doit release"
    if pull and pull.head and (strange := strange_files(world, pull.head)):
        return (
            f"{pull.where} changes more than a promotion may: {', '.join(strange[:5])}",
            "take these out of its branch",
        )
    where = pull.where if pull else f"the pull request of {candidate}"
    return f"a human merges {where} to release {version['core']}", "doit approve:release"


def opens(world: World) -> bool:
    """Ask the outside, without changing any fact, whether a human has merged it by now.

    Raises:
        Never: a human has closed it.
        SlipwayError: the outside cannot be asked.
    """
    told, version = world.config.remotes.source, world.json(paths.VERSION)
    where = remotes.address(world, told)
    refs = remotes.ls(where)
    mirror = remotes.mirror(world, "source", where, refs)
    head = refs.get(f"refs/heads/{told.branch}", "")
    inside = head and remotes.is_ancestor(mirror, version["commit"], head)
    if inside:
        merged = merged_promotion(mirror, head, rules_of(world), version["commit"])
        if merged and not is_newer(version["version"], merged.candidate):
            return True
    for pull in connect(world).pulls(world.config.promotion.branch):
        if pull.state == "closed" and marked(pull.body) == version["version"]:
            raise Never(
                f"{pull.where} was closed: {version['version']} will not be released",
                fix="reopen it, or push a fix; then doit release",
            )
        if pull.state == "open":
            break  # whatever was closed before it was opened again
    return False


def gate(world: World) -> str:
    """Let through, or wait.

    Raises:
        Gate: a human has to decide first.
    """
    if is_open(world):
        version = world.json(paths.VERSION)
        if version["version"] is None:
            return "nothing waits"
        gone = is_yanked(world, version["core"], version["commit"])
        return f"{version['core']} is {'yanked: a fix is the next release' if gone else 'released'}"
    what, command = waiting_for(world)
    raise Gate(what, fix=command)


def foresee(world: Forecast) -> Foreseen:
    """Foresee the gate: a candidate that is new in this very plan cannot have been approved."""
    if is_open(world):
        return Foreseen("open")
    version = world.json(paths.VERSION)
    return Foreseen(f"a human decides on {version['version']}", waits=True)


class Released(UpToDate):
    """`uptodate` of the gate: open, so there is nothing to wait for."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return that it is closed."""
        needed = (paths.VERSION, paths.receipt("publish"))
        if not all(world.exists(path) for path in needed):
            return []  # a missing file wakes the task already
        return [] if is_open(world) else ["closed"]
