"""What people have said at the gates: yes or no, to which files, and why.

Both are commits of the gates branch with trailers that say so (`approve:ENV`, `reject:ENV`). A
gate that somebody set by hand, as cepler has it, has no such words: it lets through whatever stands
up to its commit.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel.world import World
from . import head
from . import wanted as w
from .commits import Commit, log

_FAR = 500  # commits of the gates branch that are looked back at
_SUBJECT = "ci(gates): "


@dataclass(frozen=True, slots=True)
class Said:
    """What a human decided at a gate.

    Attributes:
        environment: whose gate.
        yes: approved, or rejected.
        by: who.
        why: their reason.
        key: stands for the files that it was about.
        commit: of the gates branch.
        at: when, in seconds since 1970.
    """

    environment: str
    yes: bool
    by: str
    why: str
    key: str
    commit: str
    at: int


def decisions(world: World, gates: str, most: int = _FAR) -> list[Said]:
    """Return what the gates branch tells of decisions, the newest first.

    Args:
        world: whose mirror.
        gates: the commit of the branch; "" when there is none.
        most: commits to look at.
    """
    return _decisions(world, gates, f"--max-count={most}") if gates else []


def _decisions(world: World, gates: str, *which: str) -> list[Said]:
    return [said for one in log(head.mirror(world), *which, gates, "--") if (said := _said(one))]


def _said(told: Commit) -> Said | None:
    subject, *lines = told.message.splitlines() or [""]
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    words = subject.removeprefix(_SUBJECT).split()
    by = fields.get("Approved-by") or fields.get("Rejected-by")
    if not subject.startswith(_SUBJECT) or not words or not by:
        return None
    why, key = fields.get("Reason", ""), fields.get("Slipway-State", "")
    return Said(words[0], "Approved-by" in fields, by, why, key, told.id, told.at)


def rejected(world: World, gates: str, environment: str, key: str) -> Said | None:
    """Return the no to these very files, if that was the last word on them."""
    for said in decisions(world, gates):
        if said.environment == environment and said.key == key:
            return None if said.yes else said
    return None


def word_on(world: World, gates: str, environment: str) -> Said | None:
    """Return the decision that an environment's gate stands by now, however long ago it was.

    None when nobody has decided anything, or somebody has set the gate by hand since then.

    Args:
        world: whose mirror.
        gates: the commit of the gates branch; "" when there is none.
        environment: whose gate.
    """
    if not gates:
        return None
    about = f"--grep={_SUBJECT}{environment} m"  # may have, must not have
    found = _decisions(world, gates, "--fixed-strings", about, f"--max-count={_FAR}")
    said = next((one for one in found if one.environment == environment), None)
    if said is None or not said.key:
        return None
    repository = w.repository_of(world)
    then, now = (w.gates_of(world, repository, at) for at in (said.commit, gates))
    return said if then.get(environment) == now.get(environment) else None
