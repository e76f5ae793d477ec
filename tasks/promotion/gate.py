"""The gate of an environment, asked again and again by a run that waits (`doit wait=30m`)."""

from __future__ import annotations

from ..kernel.waiting import Never
from ..kernel.world import World
from . import answers, head
from .due import judge


def opens(name: str, world: World) -> bool:
    """Ask the remote, without changing any fact, whether an environment may go on by now.

    It may when a human has opened its gate, when the environment before it has been recorded, when
    a freeze or a hold has ended: whatever it waited for, nothing is left of it.

    Raises:
        Never: a human has said no to the very files that wait.
        SlipwayError: the remote cannot be asked.
    """
    now = head.ask(world)
    verdict = judge(world, name, now)
    no = answers.rejected(world, now.gates, name, verdict.key) if verdict.key else None
    if no is not None:
        raise Never(
            f"{no.by} said no to what waits for {name}: {no.why}",
            fix=f"a newer commit, or doit approve:{name}; then doit deploy:{name}",
        )
    return not verdict.fix
