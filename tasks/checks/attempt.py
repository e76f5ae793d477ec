"""One attempt of a check: a clean tree, `before`, the command, what it keeps, `after`."""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel import journal, programs
from ..kernel.calm import Calm
from ..kernel.config import Check
from ..kernel.effects import killed_here
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import World
from . import artifacts, unfinished
from .subject import Subject
from .unfinished import Begun


@dataclass(frozen=True, slots=True)
class Passed:
    """An attempt that said yes."""

    done: programs.Done
    kept: artifacts.Kept | None


def attempt(world: World, check: Check, subject: Subject, number: int) -> Passed:
    """Run a check once; its `after` runs however it ends.

    Raises:
        Failed: the command, or what is around it, said no.
        SlipwayError: it could not be run.
    """
    commit = subject.commit(world)
    journal.say(f"attempt {number} of {check.attempts} on {commit}")
    artifacts.forget_failure(world, check.name)
    with Calm() as calm:
        begun = unfinished.begin(world, check, commit)
        try:
            killed_here(f"check:{check.name}:begun")
            passed = _run(world, check, subject, begun, number)
            killed_here(f"check:{check.name}:ran")
        except BaseException as error:
            calm.descending = True
            _end_after(world, begun, error)
            raise
        calm.descending = True
        unfinished.end(world, begun)
    return passed


def _run(world: World, check: Check, subject: Subject, begun: Begun, number: int) -> Passed:
    tree = unfinished.tree_of(world, check.name)
    for name, folder in check.from_.items():
        artifacts.lay(world, name, tree, folder, subject.verdict(name))
    what = f"{check.name} (attempt {number} of {check.attempts})"
    what = what if check.attempts > 1 else check.name
    try:
        if check.before:
            unfinished.run(world, begun, list(check.before), f"before of {what}")
        done = unfinished.run(world, begun, list(check.command or ()), what)
        kept = artifacts.keep(world, check.name, tree, check.artifacts) if check.artifacts else None
    except Failed as error:
        left = artifacts.keep_of_failure(world, check.name, tree, check.artifacts)
        said = [*error.detail, *([f"what it left is in {left}"] if left else [])]
        raise Failed(error.what, where=error.where, fix=error.fix, detail=said) from None
    return Passed(done, kept)


def _end_after(world: World, begun: Begun, error: BaseException) -> None:
    """End an attempt that is failing already: its own words go first, and those of `after` too."""
    try:
        unfinished.end(world, begun)
    except SlipwayError as left:
        journal.say(str(left))
        if not isinstance(error, SlipwayError):
            return
        said = [*error.detail, "and then:", *str(left).split("\n")]
        raise type(error)(error.what, where=error.where, fix=error.fix, detail=said) from None
