"""What a trace says: its links, each with its verdict; and how a person or a program reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OK = "ok"
BROKEN = "broken"  # something else stands there than what is expected
MISSING = "missing"
UNREAD = "unread"  # the other side could not be asked
OPEN = "not asked"  # it hangs on something that is not known, or that is not at hand
_SIGNS = {OK: "✓", BROKEN: "✗", MISSING: "✗", UNREAD: "?", OPEN: "·"}
_WIDEST = 60  # columns of a value before what follows is no longer aligned


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain.

    Attributes:
        what: its name.
        value: what it says, for a person.
        source: where that was read.
        verdict: `OK`, `BROKEN`, `MISSING`, `UNREAD` or `OPEN`.
        there: what stands there, when that is not what is expected.
        expected: what should.
        says: why, in words.
        part: the headline that it stands under; "" for the chain itself.
        facts: ids and names in full, for a program.
    """

    what: str
    value: str
    source: str
    verdict: str = OK
    there: str = ""
    expected: str = ""
    says: str = ""
    part: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data; what is empty is left out."""
        told = {
            "part": self.part,
            "what": self.what,
            "value": self.value,
            "source": self.source,
            "verdict": self.verdict,
            "there": self.there,
            "expected": self.expected,
            "says": self.says,
            "facts": dict(self.facts),
        }
        return {key: value for key, value in told.items() if value or key == "verdict"}


@dataclass(frozen=True, slots=True)
class Trace:
    """An environment, followed back to who approved what runs there.

    Attributes:
        environment: its name.
        version: the release that it has; "" when that is not known.
        commit: what the release was built from; "" when that is not known.
        subject: of that commit.
        links: in the order of the way back; empty when nothing was ever deployed.
        fix: what to type next; "" when there is nothing to do.
        says: what became of the first attempt to deploy it; "" when there was none.
    """

    environment: str
    version: str = ""
    commit: str = ""
    subject: str = ""
    links: tuple[Link, ...] = ()
    fix: str = ""
    says: str = ""

    def of(self, *verdicts: str) -> list[Link]:
        """Return the links with one of these verdicts."""
        return [link for link in self.links if link.verdict in verdicts]

    @property
    def verified(self) -> bool:
        """Whether something is deployed and every link of it holds (what is not asked aside)."""
        return bool(self.links) and not self.of(BROKEN, MISSING, UNREAD)

    def verdict(self) -> str:
        """Return one phrase on all of it."""
        wrong, unread = self.of(BROKEN, MISSING), self.of(UNREAD)
        if wrong:
            return f"{_count(wrong, 'link')} broken: {_names(wrong)}"
        if unread:
            return f"{_count(unread, 'link')} could not be read: {_names(unread)}"
        unasked = self.of(OPEN)
        if unasked:
            return f"every link verified; not asked: {_names(unasked)}"
        return "every link verified"

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "environment": self.environment,
            "deployed": bool(self.links),
            "verified": self.verified,
            "version": self.version or None,
            "commit": self.commit or None,
            "subject": self.subject or None,
            "links": [link.plain() for link in self.links],
            "says": self.says or None,
            "next": self.fix or None,
        }


def _count(links: Sequence[Link], name: str) -> str:
    return f"{len(links)} {name}{'' if len(links) == 1 else 's'}"


def _names(links: Sequence[Link]) -> str:
    return ", ".join(dict.fromkeys(link.what for link in links))


def compared(
    link: Link, there: str, expected: str, *, same: bool | None = None, says: str = ""
) -> Link:
    """Return a link with its verdict: what is there is what is expected, or both are shown.

    Args:
        link: as it is when it holds.
        there: what was found.
        expected: what should be.
        same: whether they agree, when that is not plain equality.
        says: why it matters, in words.
    """
    if there == expected if same is None else same:
        return link
    return _with(link, BROKEN, there, expected, says)


def missing(link: Link, says: str, expected: str = "") -> Link:
    """Return a link to something that is not there."""
    return _with(link, MISSING, "", expected, says)


def unread(link: Link, says: str) -> Link:
    """Return a link whose other side could not be asked."""
    return _with(link, UNREAD, "", "", says)


def unasked(link: Link, says: str) -> Link:
    """Return a link that was not looked at."""
    return _with(link, OPEN, "", "", says)


def _with(link: Link, verdict: str, there: str, expected: str, says: str) -> Link:
    return Link(
        link.what, link.value, link.source, verdict, there, expected, says, link.part, link.facts
    )


def shown(trace: Trace) -> str:
    """Return a trace for a person."""
    if not trace.links:
        first = f"{trace.environment} was never deployed" + (
            f": {trace.says}" if trace.says else ""
        )
        return first + (f"\n  → {trace.fix}" if trace.fix else "")
    way = [trace.environment, trace.version or "?"]
    way.append(f"{trace.commit[:7]} “{trace.subject}”" if trace.commit else "?")
    lines = [f"{' ← '.join(way)}      {trace.verdict()}"]
    name = max(len(link.what) for link in trace.links)
    value = min(max(len(link.value) for link in trace.links), _WIDEST)
    part = None
    for link in trace.links:
        if link.part != part:
            part = link.part
            lines += ["", *([part] if part else [])]
        lines += _row(link, name, value)
    return "\n".join([*lines, *(["", f"  → {trace.fix}"] if trace.fix else [])])


def _row(link: Link, name: int, value: int) -> list[str]:
    says = link.says.split("\n")
    told = link.value or says.pop(0)  # a row without a value has something to say instead
    first = f"  {_SIGNS[link.verdict]} {link.what:<{name}}  {told:<{value}}  {link.source}"
    below = [
        *says,
        f"there     {link.there}" if link.there else "",
        f"expected  {link.expected}" if link.expected else "",
    ]
    return [first.rstrip(), *(f"    {'':<{name}}  {line}" for line in below if line)]
