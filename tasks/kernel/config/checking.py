"""The reader of checks, and what must agree between them."""

from __future__ import annotations

from .document import Sheet
from .grammar import PATH, TITLE, VARIABLE, Grammar
from .model import Check, Config
from .products import uses, variables
from .readers import Reader, Spot, choice, command, duration, each, number, text, without_repeats
from .records import Fields, named, refer
from .secrets import quoted

PULL_REQUEST, CANDIDATE = GUARDS = ("pull-request", "candidate")
MESSAGES, FILES, LIMIT = RULES = ("conventional-commits", "promote-files", "pull-limit")
# They look at pull requests on the forge, which no candidate waits for.
_OF_PULL_REQUESTS = (FILES, LIMIT)
_MOST_ATTEMPTS = 10
_MOST_PULLS = 1000
_TIMEOUT = 600.0  # seconds
_OF_COMMANDS = (
    *("timeout", "attempts", "env", "secrets", "before", "after", "artifacts", "from"),
)  # fmt: skip


def check(name: str, spot: Spot) -> Check:
    """Read one check: a command with its inputs, or a built-in rule."""
    fields = Fields(spot, "inputs", "command", "rule", "limit", "guards", "status", *_OF_COMMANDS)
    rule = fields.get("rule", choice(*RULES), None)
    _one_of_both(fields, rule)
    inputs = uses(least=1 if "command" in fields else 0)
    return Check(
        name=name,
        inputs=fields.need("inputs", inputs)
        if "command" in fields
        else fields.get("inputs", inputs, ()),
        command=fields.get("command", command, None),
        rule=rule,
        timeout=fields.get("timeout", duration, _TIMEOUT),
        attempts=fields.get("attempts", number(1, _MOST_ATTEMPTS), 1),
        env=fields.get("env", variables, {}),
        secrets=fields.get("secrets", without_repeats(each(text(VARIABLE))), ()),
        before=fields.get("before", command, None),
        after=fields.get("after", command, None),
        artifacts=fields.get("artifacts", without_repeats(each(text(_KEPT), least=1)), ()),
        from_=fields.get("from", named("", _source), {}),
        guards=_guards(fields, rule),
        limit=fields.need("limit", number(1, _MOST_PULLS)) if rule == LIMIT else 0,
        status=fields.get("status", text(TITLE), ""),
    )


def _one_of_both(fields: Fields, rule: str | None) -> None:
    if ("command" in fields) == ("rule" in fields):
        both = "both a command and a rule" if "rule" in fields else "neither command nor rule"
        fields.spot.mistake(f"has {both} (expected exactly one of them)")
    elif "rule" in fields:
        for key in _OF_COMMANDS:
            fields.forbid(key, "has no meaning for a rule (expected beside a command)")
    if rule != LIMIT:
        fields.forbid("limit", f"has no meaning here (expected beside rule: {LIMIT})")


def _whole(text: str) -> str:
    return "is the whole tree (expected a path in it)" if text == "." else PATH.complaint(text)


_KEPT = Grammar("a path", _whole)


def _source(name: str, spot: Spot) -> str:
    """Read into which folder the artifacts of another check go."""
    refer("checks", name, spot)
    return text(PATH)(spot)


def _guards(fields: Fields, rule: str | None) -> tuple[str, ...]:
    """Read what has to wait for the check; a rule about pull requests holds back no candidate."""
    if rule not in _OF_PULL_REQUESTS:
        return fields.get("guards", _some_guards, GUARDS)
    found = fields.get("guards", _some_guards, (PULL_REQUEST,))
    if CANDIDATE in found:
        message = f"{rule} looks at pull requests alone (expected {PULL_REQUEST})"
        fields.spot.sheet.mistake_at(f"{fields.spot.key}.guards", message)
    return found


def _some_guards(spot: Spot) -> tuple[str, ...]:
    one: Reader[str] = choice(*GUARDS)
    if spot.kind() != "a list":
        return (one(spot),)
    return without_repeats(each(one, expected="a list of what it guards", least=1))(spot)


def agree(config: Config, sheet: Sheet) -> None:
    """Note what does not go together: artifacts that nobody keeps, circles, places that meet."""
    told_as: dict[str, str] = {}
    for name, each_check in config.checks.items():
        other = told_as.setdefault(each_check.status or f"slipway/{name}", name)
        if other != name:
            message = f"is how {quoted(other)} is told of as well (expected another name)"
            sheet.mistake_at(f"checks.{name}.status", message)
        for source in each_check.from_:
            told = config.checks.get(source)
            if told and not told.artifacts:
                message = f"{quoted(source)} keeps no artifacts (expected some there)"
                sheet.mistake_at(f"checks.{name}.from.{source}", message)
        if name in _needed(config, name):
            message = "needs its own artifacts, by way of others (expected an end to it)"
            sheet.mistake_at(f"checks.{name}.from", message)
        if f"{name}.json" in config.checks:
            message = f"collides with the facts of {quoted(name)} (expected another name)"
            sheet.mistake_at(f"checks.{name}.json", message)


def _needed(config: Config, name: str) -> set[str]:
    """Return all checks whose artifacts a check needs, directly or not."""
    found: set[str] = set()
    left = list(config.checks[name].from_)
    while left:
        one = left.pop()
        if one in config.checks and one not in found:
            found.add(one)
            left.extend(config.checks[one].from_)
    return found
