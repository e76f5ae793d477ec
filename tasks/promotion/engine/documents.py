"""YAML as cepler's own reader takes it: every scalar is the text as written, nothing else.

`safe_load` would make dates, numbers and booleans of environment names, commit ids and messages;
and merge keys, which it applies, are ordinary keys here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from tasks.kernel.bounds import refuse_depth
from tasks.kernel.errors import SlipwayError

_NULLS = {"", "~", "null"}
_Loader: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# Characters like any other for cepler's reader. PyYAML refuses them, or takes them for the end of a
# line: it gets to see two of private use instead, of which the first one announces the second.
_LEAD = "\ue000"
_PLAIN = (
    *map(chr, (*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))),
    *("\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", _LEAD),
)
_REFUSED = re.compile(f"[{''.join(_PLAIN)}]")
_HIDDEN = {char: f"{_LEAD}{chr(0xE001 + n)}" for n, char in enumerate(_PLAIN)}
_SHOWN = {hidden: char for char, hidden in _HIDDEN.items()}
_HIDDEN_ONE = re.compile(f"{_LEAD}[\ue001-{chr(0xE000 + len(_PLAIN))}]")


class NotReadable(SlipwayError):
    """A document that is no YAML, or not of the form that is wanted."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar: its text, and whether it was written without quotes (only then it may be null)."""

    text: str
    plain: bool

    @property
    def null(self) -> bool:
        """Whether it stands for "no value" where a value may be missing."""
        return self.plain and self.text in _NULLS


Node = Scalar | list["Node"] | dict[str, "Node"]


def read(content: bytes, where: str) -> Node:
    """Return the one document of a file.

    Args:
        content: the file.
        where: what to call it in errors.

    Raises:
        NotReadable: no YAML, no document, or more than one.
    """
    try:
        text = content.decode().removeprefix("\ufeff")  # at the very start it is a mark of UTF-8
        text = _REFUSED.sub(lambda found: _HIDDEN[found[0]], text)
        refuse_depth(text)
        node = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError:
        raise NotReadable("the file is not UTF-8", where=where) from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise NotReadable("the file is not valid YAML", where=where, detail=[said]) from None
    if node is None:
        raise NotReadable("the file is empty", where=where)
    try:
        return _plain(node, where, {})
    except RecursionError:
        raise NotReadable("the file is nested too deeply", where=where) from None


def _plain(node: yaml.Node, where: str, known: dict[int, Node]) -> Node:
    """Return a node as a value; what several aliases name is one and the same value.

    Args:
        node: as the parser has it.
        where: what to call the file in errors.
        known: the values of lists and maps so far, by the identity of their nodes.
    """
    if isinstance(node, yaml.ScalarNode):
        return Scalar(_shown(node.value), not node.style)
    if id(node) in known:
        return known[id(node)]
    found: Node
    if isinstance(node, yaml.SequenceNode):
        found = [_plain(item, where, known) for item in node.value]
    else:
        found = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise NotReadable("a key is not a plain word", where=f"{where}:{_line(key)}")
            # Of a key that stands twice the last one counts.
            found[_shown(key.value)] = _plain(value, where, known)
    known[id(node)] = found
    return found


def _shown(text: str) -> str:
    if _LEAD not in text:
        return text
    return _HIDDEN_ONE.sub(lambda found: _SHOWN[found[0]], text)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def mapping(node: Node, where: str) -> Mapping[str, Node]:
    """Return a node as a map.

    Raises:
        NotReadable: it is none.
    """
    if not isinstance(node, dict):
        raise NotReadable("a map is wanted here", where=where)
    return node


def sequence(node: Node, where: str) -> list[Node]:
    """Return a node as a list (nothing at all is not an empty list).

    Raises:
        NotReadable: it is none.
    """
    if not isinstance(node, list):
        raise NotReadable("a list is wanted here", where=where)
    return node


def string(node: Node, where: str) -> str:
    """Return a scalar's text, also of one that looks like a number or like null.

    Raises:
        NotReadable: it is no scalar.
    """
    if not isinstance(node, Scalar):
        raise NotReadable("a single value is wanted here", where=where)
    return node.text


def optional(node: Node | None, where: str) -> str | None:
    """Return a scalar's text, or None for one that is missing or null."""
    if node is None or (isinstance(node, Scalar) and node.null):
        return None
    return string(node, where)


def boolean(node: Node | None, where: str) -> bool:
    """Return a boolean, False for a missing one; `yes` and `on` are none.

    Raises:
        NotReadable: neither `true` nor `false`.
    """
    if node is None:
        return False
    if isinstance(node, Scalar) and node.plain and node.text in {"true", "false"}:
        return node.text == "true"
    raise NotReadable("true or false is wanted here", where=where)
