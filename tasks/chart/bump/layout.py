"""Where things stand in a YAML text: its nodes, and the exact characters of each scalar.

The tree is built from the parser's events and not from composed nodes, since composing hides what
an editor must not overlook: an alias would look like the node it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import yaml

from tasks.kernel.errors import SlipwayError

BOM = "\ufeff"
# What ends a line, and with it a comment, for YAML 1.1 (and so for Helm).
BREAKS = "\r\n\x85\u2028\u2029"
# The styles of scalars of several lines, which have no place for a comment beside them.
BLOCKS = frozenset({"|", ">"})

# libyaml reads what Helm reads; the parser without it refuses some tabs between tokens, safely.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Anchor and tag before a scalar: the parser's mark of a node begins at them.
_PROPERTIES = re.compile(r"(?:[&!]\S*+(?:\s++|#[^\r\n]*+)*+)++")


class Kind(Enum):
    """The four things a YAML node can be."""

    SCALAR = "a scalar"
    MAPPING = "a mapping"
    SEQUENCE = "a list"
    ALIAS = "an alias"


@dataclass(slots=True)
class Node:
    """One node of the text; positions count characters, not bytes.

    Attributes:
        start: the first character of the node; of a scalar without its anchor and tag.
        end: one past the last character of a scalar.
        value: a scalar's value, as the text says it before it is taken for a number.
        style: a scalar's `'`, `"`, `|` or `>`; empty when plain.
        tag: the tag that is written there.
        anchor: the anchor that is written there; of an alias the name it refers to.
        flow: it stands inside of brackets or braces.
        children: a list's items; of a mapping key, value, key, value, ….
        target: what an alias stands for.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    style: str = ""
    tag: str | None = None
    anchor: str | None = None
    flow: bool = False
    children: list[Node] = field(default_factory=list)
    target: Node | None = None

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Return a mapping's keys with their values."""
        return zip(self.children[::2], self.children[1::2], strict=True)

    def key_text(self) -> str | None:
        """Return what a key says, through an alias too; None for a key that is no scalar."""
        node = self.target or self
        return node.value if node.kind is Kind.SCALAR else None


@dataclass(frozen=True, slots=True)
class Layout:
    """A text, its root node and its scalars in order of their place."""

    text: str
    root: Node
    scalars: tuple[Node, ...]

    def line(self, position: int) -> int:
        """Return the number of the line of a position, from 1."""
        return len(re.findall(r"\r\n|[\r\n]", self.text[:position])) + 1

    def line_end(self, position: int) -> int:
        """Return where the line ends that a position stands on, before its line break."""
        found = re.compile(f"[{BREAKS}]").search(self.text, position)
        return found.start() if found else len(self.text)

    def shape(
        self, values: Mapping[int, str] | None = None
    ) -> list[tuple[Kind | None, str, str | None, str | None]]:
        """Return all that the text means, node by node: two equal shapes mean the same.

        Args:
            values: by a scalar's number in `scalars`, the value to take instead of its own.
        """
        instead = {id(self.scalars[number]): value for number, value in (values or {}).items()}
        seen: list[tuple[Kind | None, str, str | None, str | None]] = []
        waiting: list[Node | None] = [self.root]
        while waiting:
            node = waiting.pop()
            if node is None:  # the end of a mapping or a list
                seen.append((None, "", None, None))
                continue
            value = instead.get(id(node), node.value)
            seen.append((node.kind, value, node.tag, node.anchor))
            if node.kind in {Kind.MAPPING, Kind.SEQUENCE}:
                waiting.append(None)
                waiting.extend(reversed(node.children))
        return seen


def read(text: str, name: str) -> Layout:
    """Read a text with exactly one YAML document and no byte order mark.

    Args:
        text: the text.
        name: its file, for messages.

    Raises:
        SlipwayError: it is no YAML, has no document or several, or an alias without an anchor.
    """
    builder = _Builder(text, name)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SlipwayError(
            f"not YAML: {error.problem or error.context}",
            where=f"{name}:{mark.line + 1}" if mark else name,
            fix="mend the file first; it was left as it is",
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SlipwayError(f"not YAML: {error}".splitlines()[0], where=name) from None
    if builder.root is None:
        raise SlipwayError("there is nothing in it to edit", where=name)
    return Layout(text, builder.root, tuple(builder.scalars))


class _Builder:
    """Makes the tree of one text, without recursion: a hostile file can be nested very deep."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.root: Node | None = None
        self.scalars: list[Node] = []
        self.open: list[Node] = []
        self.anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self.place(self.scalar(event))
            case yaml.AliasEvent():
                self.place(self.alias(event))
            case yaml.MappingStartEvent():
                self.begin(event, Kind.MAPPING)
            case yaml.SequenceStartEvent():
                self.begin(event, Kind.SEQUENCE)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.open.pop().end = _span(event)[1]
            case yaml.DocumentStartEvent() if self.root is not None:
                raise SlipwayError(
                    "several documents in one file: a path would not say which is meant",
                    where=_place(event, self.name),
                )
            case _:
                pass

    def begin(self, event: yaml.CollectionStartEvent, kind: Kind) -> None:
        start, end = _span(event)
        node = Node(
            kind, start, end, tag=event.tag, anchor=event.anchor, flow=bool(event.flow_style)
        )
        self.place(node)
        self.open.append(node)

    def scalar(self, event: yaml.ScalarEvent) -> Node:
        start, end = _span(event)
        if event.anchor is not None or event.tag is not None:
            found = _PROPERTIES.match(self.text, start, end)
            start = found.end() if found else start
        style = event.style if event.style in {"'", '"', *BLOCKS} else ""
        flow = bool(self.open) and self.open[-1].flow
        node = Node(Kind.SCALAR, start, end, event.value, style, event.tag, event.anchor, flow=flow)
        self.scalars.append(node)
        return node

    def alias(self, event: yaml.AliasEvent) -> Node:
        target = self.anchors.get(event.anchor or "")
        if target is None:
            raise SlipwayError(
                f"not YAML: nothing is anchored as &{event.anchor} before this alias",
                where=_place(event, self.name),
            )
        start, end = _span(event)
        return Node(Kind.ALIAS, start, end, anchor=event.anchor, target=target)

    def place(self, node: Node) -> None:
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node
        if node.anchor is not None and node.kind is not Kind.ALIAS:
            self.anchors[node.anchor] = node


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _place(event: Any, name: str) -> str:
    return f"{name}:{event.start_mark.line + 1}"
