"""One attempt to deploy: its failure is told to everybody, and its lock given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernel import journal, paths
from ..kernel.actions import Gate
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import World
from ..promotion import head
from . import begun, serial
from .asked import Unsaid
from .lock import Locked, release
from .past import BEGUN, add, deployed_by, failed_since
from .states import last

_LONGEST = 300  # characters of an error's words


def watched(
    name: str, step: str, action: Callable[[World], str | None], world: World
) -> str | None:
    """Run a step of a deployment; when it fails, note it, and let others have the environment.

    A run that is killed or interrupted does neither: nobody knows then what it has left half done.

    Args:
        name: of the environment.
        step: in a word: `plan`, `apply`, `health`, `record`.
        action: the step.
        world: whose.
    """
    try:
        return action(world)
    except (Locked, Unsaid):
        raise
    except Gate:
        release(world, name)  # whoever decides has all the time they need
        raise
    except SlipwayError as error:
        try:
            add(world, name, f"{step} failed", _fields(world, name, step, error))
            release(world, name)
            if back := _way_back(world, name):
                error.detail = (*error.detail, back)
        except SlipwayError as another:  # the remote cannot be reached: it may be why
            journal.say(f"what failed could not be noted: {another}")
        raise


def _way_back(world: World, name: str) -> str:
    """Return how to get what was there before; "" where that is there still, or nothing was."""
    at, refs = head.look(world)
    known = last(world, name, at)
    if known is None or failed_since(world, refs, name, known) is None:
        return ""
    return f"doit rollback:{name} goes back to what is recorded, state {known.record.version}"


def _fields(world: World, name: str, step: str, error: SlipwayError) -> dict[str, str]:
    promoted: dict[str, Any] = world.json_or(paths.promotion(name), {})
    said = " ".join(str(error.what).split())[:_LONGEST]
    return {
        "By": deployed_by(),
        "Result": "failed" if isinstance(error, Failed) else "broke off",
        "Step": step,
        "Error": said,
        "Key": str(promoted.get("key", "")),
        "Commit": str(promoted.get("head_commit", "")),
        **({BEGUN: "yes"} if _has_changed(world, name, step) else {}),
    }


def _has_changed(world: World, name: str, step: str) -> bool:
    """Say whether what failed has left something else there than is recorded.

    What is applied may be of a run before, that was killed: then the state is not the recorded one.
    """
    if step == "plan":
        return False
    if begun.is_begun(world, name):
        return True
    applied = world.json_or(paths.receipt(f"apply:{name}"), {})
    if step == "apply" or not applied:
        return False
    at, refs = head.look(world)
    known = last(world, name, at)
    if known is None:
        return False
    stood = serial.noted(world, name, refs, known.commit)
    return stood.serial not in ("", str(applied["serial"]))
