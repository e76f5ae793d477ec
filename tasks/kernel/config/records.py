"""Mappings with known keys, mappings with names for keys, and names that point at one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import yaml

from .document import Reference, Sheet
from .grammar import NAME, Grammar
from .readers import Reader, Spot, written
from .secrets import quoted

_MERGE = "tag:yaml.org,2002:merge"

T = TypeVar("T")
D = TypeVar("D")

# The kinds of names that other sections use, and how a message calls one.
KINDS = {
    "inputs": "an input set",
    "checks": "a check",
    "binary": "the binary",
    "apps": "an app",
    "images": "an image",
    "environments": "an environment",
}


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: what was meant, or all there is."""
    from difflib import get_close_matches  # only a mistake needs it

    choices = list(known)
    if close := get_close_matches(word, choices, n=1):
        return f'(did you mean "{close[0]}"?)'
    return f"(expected one of: {', '.join(choices)})" if choices else "(there is none)"


def items(spot: Spot) -> dict[str, Spot]:
    """Return what a mapping holds, by key as it is written; nothing at all counts as an empty one.

    A key that stands twice is a mistake, which YAML itself lets pass. `<<` merges as YAML 1.1 says.
    """
    kind = spot.kind()
    if kind not in {"a mapping", "nothing"}:
        if id(spot.node) not in spot.sheet.secrets:
            spot.mistake(f"expected a mapping, found {kind}")
        return {}
    found: dict[str, Spot] = {}
    if kind == "a mapping":
        _gather(spot, spot.node, found, set())
    return found


def _gather(spot: Spot, mapping: yaml.Node, found: dict[str, Spot], seen: set[int]) -> None:
    """Add the keys of `mapping`, then those it merges; the first of a key wins, a circle ends."""
    seen.add(id(mapping))
    own: dict[str, int] = {}
    sources: list[tuple[int, yaml.Node]] = []
    for name, node in mapping.value:
        line = name.start_mark.line + 1
        if name.tag == _MERGE:
            several = isinstance(node, yaml.SequenceNode)
            sources += [(line, source) for source in (node.value if several else [node])]
        elif not isinstance(name, yaml.ScalarNode):
            spot.sheet.mistake(line, spot.key, "a key is not text (expected text)")
        elif id(name) not in spot.sheet.secrets:
            child = spot.below(name.value, line, node)
            if name.value in own:
                child.mistake(f"stands twice, first on line {own[name.value]} (expected once)")
            own.setdefault(name.value, line)
            found.setdefault(name.value, child)
    for line, source in sources:
        if not isinstance(source, yaml.MappingNode):
            spot.sheet.mistake(line, spot.key, "<< merges no mapping (expected *ANCHOR of one)")
        elif id(source) not in seen:
            _gather(spot, source, found, seen)


class Fields:
    """A mapping whose keys are known: a record."""

    def __init__(self, spot: Spot, *known: str) -> None:
        """Look at the keys of `spot` and note those that are not `known`."""
        self.spot = spot
        self.complete = True
        self._items = items(spot)
        for key, child in self._items.items():
            if key not in known:
                self.complete = False
                child.mistake(f"unknown key {suggestion(key, known)}")

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def need(self, key: str, reader: Reader[T]) -> T:
        """Read what must be there."""
        if key in self._items:
            return reader(self._items[key])
        if not (id(self.spot.node) in self.spot.sheet.secrets or self._is_something_else()):
            place = f"{self.spot.key}.{key}".lstrip(".")
            self.spot.sheet.mistake(self.spot.line, place, "is missing (expected here)")
        return reader(self.spot.blank())

    def get(self, key: str, reader: Reader[T], default: D) -> T | D:
        """Read what may be left out."""
        return reader(self._items[key]) if key in self._items else default

    def forbid(self, key: str, reason: str) -> None:
        """Note a key that has no meaning beside another one."""
        if key in self._items:
            self._items[key].mistake(reason)

    def _is_something_else(self) -> bool:
        # That it is no mapping has been said; its missing keys would only repeat it.
        return self.spot.kind() not in {"a mapping", "nothing"}


def named(kind: str, item: Callable[[str, Spot], T], names: Grammar = NAME) -> Reader[dict[str, T]]:
    """Return the reader of a mapping from names to items, whose names other sections may use.

    Args:
        kind: what the names are for `reference`; "" when nothing points at them.
        item: reads one item, given its name.
        names: the grammar of the names.
    """

    def read(spot: Spot) -> dict[str, T]:
        found = items(spot)
        if kind and spot.kind() in {"a mapping", "nothing"}:
            spot.sheet.names[kind] = set(found)
        for name, child in found.items():
            if complaint := names.complaint(name):
                child.mistake(f"{quoted(name)} {complaint}")
        return {name: item(name, child) for name, child in found.items()}

    return read


def reference(kind: str) -> Reader[str]:
    """Return the reader of a name declared elsewhere as `kind`; `dangling` looks whether it is."""

    def read(spot: Spot) -> str:
        name = written(spot, f"the name of {KINDS[kind]}")
        if name is None:
            return ""
        spot.sheet.references.append(Reference(kind, name, spot.key, spot.line))
        return name

    return read


def refer(kind: str, name: str, spot: Spot) -> None:
    """Note that a mapping's own key is the name of something declared as `kind`."""
    spot.sheet.references.append(Reference(kind, name, spot.key, spot.line))


def dangling(sheet: Sheet) -> None:
    """Note every name that is used and nowhere declared.

    Of a kind whose section could not be read nothing is known, and nothing is said.
    """
    for used in sheet.references:
        known = sheet.names.get(used.kind)
        if known is not None and used.value not in known:
            end = suggestion(used.value, sorted(known))
            message = f"{quoted(used.value)} is not {KINDS[used.kind]} {end}"
            sheet.mistake(used.line, used.key, message)
