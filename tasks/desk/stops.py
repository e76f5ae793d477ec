"""What `where` says: the stops of a change, and how a person or a program reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stop:
    """A place that a change comes by.

    Attributes:
        name: of the place.
        value: what has it there; "" when it is not there yet.
        since: when it got there, for a person.
        waits: what it waits for; "" when that is not known.
        trouble: why it is not known.
        fix: what to type next.
        facts: the same for a program.
    """

    name: str
    value: str = ""
    since: str = ""
    waits: str = ""
    trouble: str = ""
    fix: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "there": bool(self.value),
            "waits_for": self.waits or None,
            "trouble": self.trouble or None,
            "next": self.fix or None,
            **self.facts,
        }


@dataclass(frozen=True, slots=True)
class Passage:
    """A change, and where it has got to.

    Attributes:
        commit: its id.
        subject: its first line.
        by: its author.
        branch: that it is in.
        stops: in the order of the way.
    """

    commit: str
    subject: str
    by: str
    branch: str
    stops: tuple[Stop, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "commit": self.commit,
            "subject": self.subject,
            "by": self.by,
            "branch": self.branch,
            "stops": [stop.plain() for stop in self.stops],
        }


def shown(passage: Passage) -> str:
    """Return it for a person."""
    where = f"{passage.by}, in {passage.branch}"
    lines = [f"{passage.commit[:7]} “{passage.subject}”      {where}", ""]
    name = max(len(stop.name) for stop in passage.stops)
    value = max(len(_says(stop)) for stop in passage.stops)
    for stop in passage.stops:
        sign = "✓" if stop.value else "?" if stop.trouble else "·"
        ends = f"since {stop.since}" if stop.since else f"→ {stop.fix}" if stop.fix else ""
        line = f"  {sign} {stop.name:<{name}}  {_says(stop):<{value}}  {ends}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def _says(stop: Stop) -> str:
    if stop.trouble:
        return f"not known: {stop.trouble}"
    return stop.value or f"waits for {stop.waits}"
