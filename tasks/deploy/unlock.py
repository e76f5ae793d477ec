"""`unlock:ENV`: the lock of a deployment that is known to be dead is taken away, and noted."""

from __future__ import annotations

from ..kernel import journal, remotes
from ..kernel.asking import who_and_why
from ..kernel.errors import Failed
from ..kernel.redact import printable
from ..kernel.world import World
from ..promotion import notes
from . import lock
from .past import add


def unlock(name: str, world: World, by: str = "", why: str = "") -> str:
    """Show who holds the lock, ask, and take it away."""
    there = lock.standing(world, name)
    if there is None:
        print(f"nobody is deploying {name}.\nnext     doit deploy:{name}")
        return ""
    print(printable(f"{name} is being deployed by {there.spoken()}"))
    by, why = who_and_why(
        by,
        why,
        command=f"doit unlock:{name}",
        reason="How do you know that it is dead? ",
        question=f"Take the lock of {name} away",
    )
    try:
        notes.put(world, lock.ref(name), "", there.commit)
    except remotes.RefTaken:
        raise Failed(
            f"the lock of {name} has just changed hands",
            fix=f"doit unlock:{name} shows whose it is",
        ) from None
    told = {"Result": "unlocked", "By": by, "Why": why, "Was": there.spoken()}
    add(world, name, "lock taken away", told)
    journal.effect(f"unlock:{name}", f"by {by}: {why}")
    print(printable(f"The lock of {name} is gone.\nnext     doit deploy:{name}"))
    return ""
