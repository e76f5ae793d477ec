"""`override:ENV`: a human lets exactly what waits through a freeze, and says why."""

from __future__ import annotations

from ..kernel import journal, remotes
from ..kernel.asking import who_and_why
from ..kernel.errors import Failed
from ..kernel.redact import printable
from ..kernel.world import World
from ..promotion import freezes, head, judge, notes
from .past import add


def override(name: str, world: World, by: str = "", why: str = "") -> str:
    """Show what waits and the freeze it waits for, ask, and make the exception."""
    at = head.head_of(world)
    freeze = freezes.frozen(world, name, at.commit)
    if freeze is None:
        raise Failed(f"{name} is not frozen", fix=f"doit deploy:{name}")
    waits = judge(world, name, at, heed_freezes=False)
    if waits.fix or not waits.due or waits.fact is None:
        raise Failed(
            f"nothing waits for the end of the freeze: {waits.says}",
            fix=waits.fix or f"doit status says when there is something for {name}",
        )
    print(
        printable(f"{name} is frozen until {freeze.until}: {freeze.reason}\nwaits    {waits.says}")
    )
    by, why = who_and_why(
        by,
        why,
        command=f"doit override:{name}",
        reason="Why can it not wait? ",
        question=f"Let it through to {name}",
    )
    ref, key = notes.OVERRIDES + name, waits.fact["key"]
    before = at.notes.get(ref, "")
    fields = {"By": by, "Why": why, "Key": key, "Freeze": freeze.reason}
    told = {**fields, "Until-Second": str(int(freeze.end.timestamp()))}
    note = notes.write(world, f"{name} is excepted from a freeze", told, before)
    try:
        notes.put(world, ref, note, before)
    except remotes.RefTaken:
        raise Failed(
            f"somebody else has just made an exception for {name}", fix=f"doit override:{name}"
        ) from None
    add(world, name, "let through a freeze", {"Result": "override", **fields})
    journal.effect(f"override:{name}", f"{freeze.reason}; by {by}: {why}")
    print(printable(f"\nThese very files may go to {name}.\nnext     doit deploy:{name}"))
    return ""
