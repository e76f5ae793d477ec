"""`reject:ENV`: a human says no to what waits, or takes an approval back that is not deployed yet.

The no is a commit of the gates branch: without a change when nobody had said yes, else with the
gate back at what the environment has. A later `approve:ENV` shows it.
"""

from __future__ import annotations

from ..kernel import journal
from ..kernel.asking import who_and_why
from ..kernel.errors import Failed
from ..kernel.redact import printable
from ..kernel.world import World
from ..promotion import gates_of, head, key_of, repository_of, settings_at
from .gates import Opening, set_gate


def reject(name: str, world: World, by: str = "", why: str = "") -> str:
    """Show what is refused, ask, and write the no down."""
    from ..promotion import engine

    at, repository = head.head_of(world), repository_of(world)
    settings = settings_at(world, repository, at.commit)
    try:
        found = engine.pending(repository, at.commit, settings, name, origin=True)
    except engine.UpstreamNotDeployed as error:
        raise Failed(f"nothing waits for {name}: {error.what}") from None
    if not found.due:
        raise Failed(
            f"nothing waits for {name}",
            fix=f"what it has already is taken back by doit rollback:{name}",
        )
    gates = gates_of(world, repository, at.gates)
    before = gates.get(name, "")
    back = found.recorded.current.head_commit if found.recorded else ""
    key = key_of(found.state.hashes())
    was = "an approval is taken back" if before not in ("", back) else "nobody has approved it"
    print(printable(f"{name} would get {at.branch} at {at.commit[:12]}: {was}"))
    by, why = who_and_why(
        by,
        why,
        command=f"doit reject:{name}",
        reason="Why should it not be deployed? ",
        question=f"Refuse it to {name}",
    )
    message = f"ci(gates): {name} must not have {at.commit[:12]}\n\n" + "\n".join(
        [f"Rejected-by: {by}", f"Reason: {why}", f"Slipway-State: {key}", ""]
    )
    commit = set_gate(world, Opening(name, back, before, message))
    journal.effect(f"reject:{name}", f"as {commit[:7]}, by {by}: {why}")
    print(
        printable(
            f"\n{name} does not get it: {why}\nnext     a newer commit, or doit approve:{name}"
        )
    )
    return ""
