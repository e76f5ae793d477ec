"""What goes by itself: pull requests that are merged when they are green, and who is told of what.

The values and their readers together, since nothing else asks for either.
"""

from __future__ import annotations

from dataclasses import dataclass

from .grammar import LABEL, TITLE, VARIABLE, WEB_URL, is_plain_http
from .model import Chart, Value
from .readers import Spot, choice, command, duration, each, text, without_repeats
from .records import Fields

EVENTS = ("gate", "failure", "release", "deploy")
_REMOTES = ("source", "charts", "deployments")
_PATIENCE = 10.0  # seconds
_LONGEST = 300.0  # seconds: the run waits for it


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Automerge(Value):
    """Which pull requests `automerge` merges: those with all labels, whose checks all say yes.

    Attributes:
        labels: every one of them must be there; empty when nothing is merged by itself.
        remotes: names of the remotes whose pull requests are looked at.
        checks: names that must be among what was said of the commit.
    """

    labels: tuple[str, ...]
    remotes: tuple[str, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Notice(Value):
    """Who is told of what: a command, or a web address; the other one is empty.

    Attributes:
        on: the kinds of events.
        command: it gets the notice as JSON on its standard input.
        webhook: the address that the notice is posted to.
        webhook_from: the environment variable that holds the address, for one that is a secret.
        timeout: seconds.
        secrets: variables of our own environment that the command may see although they look like
            secrets.
    """

    on: tuple[str, ...]
    command: tuple[str, ...]
    webhook: str
    webhook_from: str
    timeout: float
    secrets: tuple[str, ...]


def automerge(chart: Chart | None, spot: Spot) -> Automerge:
    """Read what is merged by itself; by default what carries the chart's labels, in the charts."""
    fields = Fields(spot, "labels", "remotes", "checks")
    labels = without_repeats(each(text(LABEL), expected="a list of labels", least=1))
    remotes = without_repeats(
        each(choice(*_REMOTES), expected="a list of source, charts, deployments", least=1)
    )
    checks = without_repeats(each(text(TITLE._replace(expected="the name of a check"))))
    return Automerge(
        labels=fields.get("labels", labels, chart.labels if chart else ()),
        remotes=fields.get("remotes", remotes, ("charts",)),
        checks=fields.get("checks", checks, ()),
    )


def notices(spot: Spot) -> tuple[Notice, ...]:
    """Read who is told."""
    return each(_notice, expected="a list of notices")(spot)


def _notice(spot: Spot) -> Notice:
    fields = Fields(spot, "on", "command", "webhook", "webhook-from", "timeout", "secrets")
    ways = [key for key in ("command", "webhook", "webhook-from") if key in fields]
    if len(ways) != 1 and spot.kind() == "a mapping":
        has = " and ".join(ways) if ways else "nobody to tell"
        spot.mistake(f"has {has} (expected one of command, webhook, webhook-from)")
    if "command" not in fields:
        fields.forbid("secrets", "has no meaning for a webhook (expected beside a command)")
    kinds = each(choice(*EVENTS), expected=f"a list of {', '.join(EVENTS)}", least=1)
    read = Notice(
        on=fields.need("on", without_repeats(kinds)),
        command=fields.get("command", command, ()),
        webhook=fields.get("webhook", text(WEB_URL), ""),
        webhook_from=fields.get("webhook-from", text(VARIABLE), ""),
        timeout=fields.get("timeout", duration, _PATIENCE),
        secrets=fields.get("secrets", without_repeats(each(text(VARIABLE))), ()),
    )
    if read.webhook and is_plain_http(read.webhook):
        message = "would be told in the clear (expected https://…, http:// only for this machine)"
        spot.sheet.mistake_at(f"{spot.key}.webhook", message)
    if read.timeout > _LONGEST:
        message = "is longer than a run should wait for it (expected 5m at most)"
        spot.sheet.mistake_at(f"{spot.key}.timeout", message)
    return read
