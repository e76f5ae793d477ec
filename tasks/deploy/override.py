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
    frozen = freezes.over(world, name, at.commit)
    if not frozen:
        raise Failed(f"{name} is not frozen", fix=f"doit deploy:{name}")
    waits = judge(world, name, at, heed_freezes=False)
    if waits.fix or waits.fact is None:
        raise Failed(
            f"nothing waits for the end of the freeze: {waits.says}",
            fix=waits.fix or f"doit status says when there is something for {name}",
        )
    for freeze in frozen:
        print(printable(f"{name} is frozen until {freeze.until}: {freeze.reason}"))
    others = "" if waits.due else "; only what has drifted, or what replace= names"
    print(printable(f"waits    {waits.says}{others}"))
    by, why = who_and_why(
        by,
        why,
        command=f"doit override:{name}",
        reason="Why can it not wait? ",
        question=f"Let it through to {name}",
    )
    ref, key = notes.OVERRIDES + name, waits.fact["key"]
    before = at.notes.get(ref, "")
    reasons = "; ".join(one.reason for one in frozen)
    fields = {"By": by, "Why": why, "Key": key, "Freeze": reasons}
    told = {**fields, "Freezes": " ".join(one.key for one in frozen)}
    note = notes.write(world, f"{name} is excepted from a freeze", told, before)
    try:
        notes.put(world, ref, note, before)
    except remotes.RefTaken:
        raise Failed(
            f"somebody else has just made an exception for {name}", fix=f"doit override:{name}"
        ) from None
    add(world, name, "let through a freeze", {"Result": "override", **fields})
    journal.effect(f"override:{name}", f"{reasons}; by {by}: {why}")
    print(printable(f"\nThese very files may go to {name}, in this freeze."))
    print(f"next     doit deploy:{name}")
    return ""
