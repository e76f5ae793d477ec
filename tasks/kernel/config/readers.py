"""Readers: small functions from a spot in the file to a value, and the ways to combine them.

A reader always returns a value of its type. When the spot holds something else it notes the mistake
and returns a blank one, so that one pass finds every mistake; the values count only without any.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import yaml

from .document import Sheet
from .grammar import ARGUMENT, PROGRAM, Grammar
from .secrets import quoted, safe

T = TypeVar("T")

_TAG = "tag:yaml.org,2002:"
# Where text is expected a scalar counts as written, whatever YAML 1.1 makes of no, on or 1.10.
_KINDS = {
    f"{_TAG}map": "a mapping",
    f"{_TAG}seq": "a list",
    f"{_TAG}null": "nothing",
    f"{_TAG}str": "text",
    f"{_TAG}int": "a number",
    f"{_TAG}float": "a number",
    f"{_TAG}bool": "a yes or no",
    f"{_TAG}timestamp": "a date",
    f"{_TAG}value": "text",
    f"{_TAG}merge": "text",
}
_PLAIN = frozenset(_KINDS.values()) - {"a mapping", "a list", "nothing"}
_NOTHING = yaml.ScalarNode(f"{_TAG}null", "")
_DURATION = re.compile(r"([0-9]{1,9})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_HOURS = 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the file: the node there, the dotted key that leads to it, and the key's line."""

    sheet: Sheet
    key: str
    line: int
    node: yaml.Node

    def mistake(self, message: str) -> None:
        """Note a mistake here."""
        self.sheet.mistake(self.line, self.key, message)

    def below(self, step: str, line: int, node: yaml.Node) -> Spot:
        """Return the spot one step further in, and remember where it is."""
        key = f"{self.key}{step}" if step.startswith("[") else f"{self.key}.{step}".lstrip(".")
        self.sheet.lines.setdefault(key, line)
        return Spot(self.sheet, key, line, node)

    def blank(self) -> Spot:
        """Return an empty spot whose mistakes nobody will see: reading it gives a blank value."""
        return Spot(Sheet(""), self.key, self.line, _NOTHING)

    def kind(self) -> str:
        """Return what stands here, as a message says it."""
        kind = _KINDS.get(self.node.tag, "")
        if (kind == "a mapping") != isinstance(self.node, yaml.MappingNode) or (
            kind == "a list"
        ) != isinstance(self.node, yaml.SequenceNode):
            kind = ""
        return kind or f"a value with the tag {safe(self.node.tag.removeprefix(_TAG))}"


Reader = Callable[[Spot], T]


def written(spot: Spot, expected: str) -> str | None:
    """Return a scalar as it is written; None, and a mistake, when there is none."""
    if id(spot.node) in spot.sheet.secrets:
        return None  # noted already, and not to be looked at again
    if (kind := spot.kind()) in _PLAIN:
        return str(spot.node.value)
    spot.mistake(f"expected {expected}, found {kind}")
    return None


def text(grammar: Grammar) -> Reader[str]:
    """Return the reader of one word of a grammar."""

    def read(spot: Spot) -> str:
        value = written(spot, grammar.expected)
        if value is None:
            return ""
        if complaint := grammar.complaint(value):
            spot.mistake(f"{quoted(value)} {complaint}")
            return ""
        return value

    return read


def choice(*words: str) -> Reader[str]:
    """Return the reader of one of `words`."""

    def read(spot: Spot) -> str:
        value = written(spot, " or ".join(words))
        if value is None or value in words:
            return value or ""
        spot.mistake(f"{quoted(value)} is unknown (expected {' or '.join(words)})")
        return ""

    return read


def number(low: int, high: int) -> Reader[int]:
    """Return the reader of a whole number from `low` to `high`, written in plain decimal."""
    expected = f"a whole number from {low} to {high}"

    def read(spot: Spot) -> int:
        value = written(spot, expected)
        if value is None:
            return low
        # YAML 1.1 reads 010 as eight and 1_0 as ten; no reader of the file does.
        plain = re.fullmatch(r"0|[1-9][0-9]{0,8}", value) and spot.kind() == "a number"
        if plain and low <= int(value) <= high:
            return int(value)
        spot.mistake(f"{quoted(value)} is no good (expected {expected})")
        return low

    return read


def duration(spot: Spot) -> float:
    """Read `30s`, `5m` or `1h`, in seconds."""
    expected = "a duration such as 30s, 5m or 1h"
    value = written(spot, expected)
    if value is None:
        return 1.0
    found = _DURATION.fullmatch(value)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if found and 0 < seconds <= _LONGEST_HOURS * 3600:
        return float(seconds)
    if found:
        spot.mistake(f"{quoted(value)} is out of range (expected 1s to {_LONGEST_HOURS}h)")
    else:
        spot.mistake(f"{quoted(value)} is not a duration (expected 30s, 5m, 1h or the like)")
    return 1.0


def flag(spot: Spot) -> bool:
    """Read `true` or `false`; YAML 1.1's other spellings are refused since they surprise."""
    value = written(spot, "true or false")
    if value in {"true", "false"} and spot.kind() == "a yes or no":
        return value == "true"
    if value is not None:
        spot.mistake(f"{quoted(value)} is no good (expected true or false, without quotes)")
    return False


def each(item: Reader[T], *, expected: str = "a list", least: int = 0) -> Reader[tuple[T, ...]]:
    """Return the reader of a list of `item`, `least` of them or more."""

    def read(spot: Spot) -> tuple[T, ...]:
        if spot.kind() != "a list":
            if id(spot.node) not in spot.sheet.secrets:
                spot.mistake(f"expected {expected}, found {spot.kind()}")
            return ()
        nodes = spot.node.value
        if len(nodes) < least:
            spot.mistake(f"is empty (expected {expected})")
        return tuple(
            item(spot.below(f"[{index}]", node.start_mark.line + 1, node))
            for index, node in enumerate(nodes)
        )

    return read


def without_repeats(read_list: Reader[tuple[str, ...]]) -> Reader[tuple[str, ...]]:
    """Return the reader of a list in which nothing may stand twice."""

    def read(spot: Spot) -> tuple[str, ...]:
        values = read_list(spot)
        for index, value in enumerate(values):
            if value and value in values[:index]:
                spot.sheet.mistake_at(f"{spot.key}[{index}]", f"{quoted(value)} stands twice")
        return values

    return read


def command(spot: Spot) -> tuple[str, ...]:
    """Read a command: a program and its arguments, which no shell ever sees."""
    if spot.kind() in _PLAIN and id(spot.node) not in spot.sheet.secrets:
        spot.mistake("expected a list of arguments, not one string")
        return ()
    return each(_argument, expected="a list of arguments", least=1)(spot)


def _argument(spot: Spot) -> str:
    return text(PROGRAM if spot.key.endswith("[0]") else ARGUMENT)(spot)
