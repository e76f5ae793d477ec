"""`doit history:ENV`: who deployed what, when, with which result, and what people decided on it.

Three places tell of it: the records in the deployments repository (what ended well), the notes on
`refs/slipway/history/ENV` (what failed; holds, locks, exceptions) and the gates branch (approvals).
All are on the remote, so a fresh clone knows as much as any.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ..deploy import past, states
from ..kernel.errors import WrongUsage
from ..kernel.redact import printable
from ..kernel.world import World
from ..promotion import answers, head, notes

_MOST = 500


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an environment.

    Attributes:
        at: when, in seconds since 1970.
        result: in a word: `deployed`, `rolled back`, `failed`, `approved`, …
        by: who.
        says: what, in words.
        why: the reason that was given.
        commit: of the remote, that tells of it.
        release: what was deployed; "" where nothing was.
        state: the number of the record; 0 for none.
        digests: image → digest.
    """

    at: int
    result: str
    by: str
    says: str
    why: str
    commit: str
    release: str = ""
    state: int = 0
    digests: dict[str, str] = field(default_factory=dict)

    def plain(self) -> str:
        """Return it as the line of a table."""
        why = f"  “{self.why}”" if self.why else ""
        return f"{notes.spoken(self.at)}  {self.result:<12} {self.says}  {self.by}{why}"


def events(world: World, name: str, most: int) -> list[Event]:
    """Return what happened to an environment, the newest first.

    Raises:
        SlipwayError: the deployments remote cannot be read.
    """
    found = [_recorded(one) for one in states.recorded(world, name, most)]
    found += [_noted(name, one) for one in past.history(world, name, most)]
    gates = head.ask(world).gates
    found += [
        _decided(said) for said in answers.decisions(world, gates) if said.environment == name
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:most]


def _recorded(one: states.Recorded) -> Event:
    told: dict[str, str] = {}
    digests: dict[str, str] = {}
    for line in one.message.splitlines():
        title, colon, value = line.partition(": ")
        if title == "Slipway-Digest":
            image, _, digest = value.partition(" ")
            digests[image] = digest
        elif colon and title.startswith("Slipway-"):
            told[title] = value
    release, back = told.get("Slipway-Release", ""), told.get("Slipway-Rollback", "")
    says = f"state {one.record.version}" + (f", {release}" if release else "")
    return Event(
        one.at,
        "rolled back" if back else "deployed",
        told.get("Slipway-Deployed-By", "somebody"),
        says + (f" (to {back})" if back else ""),
        "",
        one.commit,
        release,
        one.record.version,
        digests,
    )


def _noted(name: str, note: notes.Note) -> Event:
    words = note.words.removeprefix(f"{name}: ")
    more = note.said("Error") or (f"was {note.said('Was')}" if note.said("Was") else "")
    says = f"{words}: {more}" if more else words
    result = note.said("Result") or "note"
    return Event(note.at, result, note.said("By"), says, note.said("Why"), note.commit)


def _decided(said: answers.Said) -> Event:
    result = "approved" if said.yes else "rejected"
    return Event(said.at, result, said.by, f"gate at {said.commit[:7]}", said.why, said.commit)


def history(world: World, environment: str, as_json: bool = False, most: str = "") -> str:
    """Print what happened to an environment.

    Raises:
        WrongUsage: `--most` is no number.
    """
    if most and not (most.isdigit() and 0 < int(most) <= _MOST):
        raise WrongUsage(f"--most={most} is no number from 1 to {_MOST}")
    found = events(world, environment, int(most or "30"))
    if as_json:
        told: dict[str, Any] = {"environment": environment, "events": [asdict(x) for x in found]}
        print(json.dumps(told, indent=2, sort_keys=True))
    elif found:
        print(printable("\n".join(one.plain() for one in found)))
    else:
        print(f"nothing has happened to {environment} yet")
    return ""
