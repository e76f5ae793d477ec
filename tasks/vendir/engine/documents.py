"""YAML streams as documents, and documents as fields of known types, with the line of each mistake.

The original reads YAML into JSON and JSON into Go structures. Hence: keys match without regard to
case, unknown keys are passed over, null is "not given", and a bare scalar in a text field is typed
first (`scalars`). A `Shape` says what a structure may hold; `read` returns a plain mapping of what
it does hold, with everything empty left out, which is also the form that digests are taken of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import yaml

from tasks.kernel.bounds import Endless, added, refuse_depth
from tasks.kernel.errors import WrongUsage

from . import scalars

_SEPARATOR = re.compile(r"^---[ \t]*(?:#[^\r\n]*)?\r?$", re.MULTILINE)
_BARE: Final = "!bare"
_PREFIX: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"
_MOST_ADDED: Final = 400_000  # values: from there on Go's own reader begins to refuse


class Document(NamedTuple):
    """One document of a stream.

    Attributes:
        text: its own text.
        name: the file, for messages.
        offset: where it begins in the whole text, in characters.
        line: how many lines stand above it.
    """

    text: str
    name: str
    offset: int = 0
    line: int = 0

    def place(self, node: yaml.Node) -> str:
        """Return "file:line" of a node."""
        return f"{self.name}:{self.line + node.start_mark.line + 1}"

    def wrong(self, node: yaml.Node, what: str, fix: str = "") -> WrongUsage:
        """Return the error that names a node's place."""
        return WrongUsage(what, where=self.place(node), fix=fix)


def split(text: str, name: str) -> list[Document]:
    """Return the documents of a stream; those of nothing but blanks are left out."""
    found = []
    begin = 0
    for end, following in [*((m.start(), m.end()) for m in _SEPARATOR.finditer(text)), (None, 0)]:
        part = text[begin:end]
        if part.strip("\ufeff \t\r\n"):
            found.append(Document(part, name, begin, text.count("\n", 0, begin)))
        begin = following
    return found


class _Loading:
    """Leaves the typing of bare scalars to `scalars`."""

    def resolve(self, kind: type[yaml.Node], _value: Any, implicit: Any) -> str:
        """Return the tag of a node that has none written."""
        if kind is yaml.ScalarNode and implicit[0]:
            return _BARE
        names = {yaml.ScalarNode: "str", yaml.SequenceNode: "seq", yaml.MappingNode: "map"}
        return _PREFIX + names[kind]


class _Fast(_Loading, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The C parser, where there is one."""


class _Exact(_Loading, yaml.SafeLoader):
    """The parser whose marks are positions in the text."""


def root(document: Document, *, exact: bool = False) -> yaml.Node | None:
    """Return a document's node; None when it holds only comments.

    Args:
        document: to parse.
        exact: True for marks that are positions in `document.text`.

    Raises:
        WrongUsage: it is not YAML, or its aliases stand for too much.
    """
    loader = _Exact if exact else _Fast
    try:
        refuse_depth(document.text)
        node: yaml.Node | None = yaml.compose(document.text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{document.line + mark.line + 1}" if mark else ""
        raise WrongUsage(
            f"this is not YAML: {error.problem or error.context}", where=document.name + line
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise WrongUsage(f"this is not YAML: {first}", where=document.name) from None
    if node is not None and "&" in document.text:
        _refuse_too_much(document, node)
    return node


def _refuse_too_much(document: Document, top: yaml.Node) -> None:
    """Refuse a document whose aliases make far more of it than there is to see.

    Raises:
        WrongUsage: they do, or one of them has no end.
    """
    try:
        too_much = added(top) > _MOST_ADDED
    except Endless as error:
        what = "an alias in here stands for what it is in"
        raise document.wrong(error.node, what) from None
    if too_much:
        what = f"the aliases in this document add more than {_MOST_ADDED} values to it"
        raise document.wrong(top, what, "write out what is needed, without aliases")


Reader = Callable[[Document, yaml.Node, str], Any]
"""Reads a node of a document; the text names the key. Returns None for "not given"."""


class Shape:
    """What a structure may hold.

    Args:
        fields: key → reader.
        always: keys that are written even when they are empty, with what they are then.
        pointers: keys that are kept when given, even with an empty value.
    """

    def __init__(
        self, fields: Mapping[str, Reader], always: Mapping[str, Any] = MappingProxyType({}),
        pointers: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.fields, self.always, self.pointers = fields, always, pointers

    def __call__(self, document: Document, node: yaml.Node, key: str) -> dict[str, Any] | None:
        """Read a field of this shape: a shape is a reader, too."""
        if _is_null(node):
            return None
        return self.read(document, node, key)

    def read(self, document: Document, node: yaml.Node, key: str) -> dict[str, Any]:
        """Return what a mapping holds of the known keys."""
        known = {name.casefold(): name for name in self.fields}
        held: dict[str, Any] = dict(self.always)
        seen: set[str] = set()
        for name_node, value_node in pairs(document, node, key):
            name = known.get(_text_of(document, name_node, "a key").casefold())
            if name is None:
                continue
            if name in seen:
                raise document.wrong(name_node, f"{name} is given twice", "keep one of them")
            seen.add(name)
            value = self.fields[name](document, value_node, name)
            kept = name in self.pointers or bool(value)
            if value is not None and kept:
                held[name] = value
        return held


def pairs(
    document: Document, node: yaml.Node, key: str
) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Yield the keys and values of a mapping, merges (`<<`) resolved: what stands here wins."""
    if not isinstance(node, yaml.MappingNode):
        raise document.wrong(node, f"{key} must be a mapping, this is {_kind(node)}")
    own = [(k, v) for k, v in node.value if not _is_merge(k)]
    for name, value in own:
        if not isinstance(name, yaml.ScalarNode):
            raise document.wrong(name, f"{key} has a key that is no text")
        yield name, value
    here = {name.value for name, _ in own}
    for merge, value in node.value:
        if not _is_merge(merge):
            continue
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for source in sources:
            if source is node or not isinstance(source, yaml.MappingNode):
                raise document.wrong(merge, "<< wants a mapping to merge")
            for name, inner in source.value:
                if not isinstance(name, yaml.ScalarNode) or _is_merge(name):
                    raise document.wrong(merge, "<< wants a mapping of plain keys")
                if name.value not in here:
                    here.add(name.value)
                    yield name, inner


def _is_merge(node: yaml.Node) -> bool:
    return node.tag == _BARE and node.value == _MERGE


def _is_null(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.ScalarNode):
        return False
    return node.tag == _PREFIX + "null" or (
        node.tag == _BARE and scalars.kind(node.value) == "null"
    )


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if node.tag == _BARE and (kind := scalars.kind(node.value)) not in ("text", "time"):
        return {"bool": "yes or no", "int": "a number", "float": "a number"}.get(kind, "nothing")
    return "text"


def _text_of(document: Document, node: yaml.Node, key: str) -> str:
    """Return a scalar as text; a number or a truth value reads as the original has it."""
    if not isinstance(node, yaml.ScalarNode):
        raise document.wrong(node, f"{key} must be text, this is {_kind(node)}")
    if node.tag == _PREFIX + "binary":
        raise document.wrong(node, f"{key}: !!binary is not supported", "write it as text")
    typed = node.tag == _BARE or node.tag in {
        _PREFIX + name for name in ("int", "float", "bool", "null")
    }
    return scalars.as_text(node.value) if typed else str(node.value)


def text(document: Document, node: yaml.Node, key: str) -> str | None:
    """Read a text field as the original does."""
    return None if _is_null(node) else _text_of(document, node, key)


def exact_text(document: Document, node: yaml.Node, key: str) -> str | None:
    """Read a text field whose value must not change on the way.

    Raises:
        WrongUsage: it is bare and would become other text (a SHA of digits, `1.10`, `off`).
    """
    value = text(document, node, key)
    if value is not None and value != node.value:
        what = f"{key}: {node.value} without quotes is read as {value}"
        raise document.wrong(node, what, f"quote it: {key}: '{node.value}'")
    return value


def strict_text(document: Document, node: yaml.Node, key: str) -> str | None:
    """Read a text field that takes nothing but text (the data of a Secret)."""
    if _is_null(node):
        return None
    if _kind(node) != "text":
        raise document.wrong(node, f"{key} must be text, this is {_kind(node)}", "quote it")
    return str(node.value)


def flag(document: Document, node: yaml.Node, key: str) -> bool | None:
    """Read a truth value."""
    if _is_null(node):
        return None
    value = scalars.truth(node.value) if node.tag in (_BARE, _PREFIX + "bool") else None
    if value is None:
        raise document.wrong(node, f"{key} must be true or false, this is {_kind(node)}")
    return value


def whole(document: Document, node: yaml.Node, key: str) -> int | None:
    """Read an integer; `0755` and `0o755` are octal."""
    if _is_null(node):
        return None
    value = scalars.integer(node.value) if node.tag in (_BARE, _PREFIX + "int") else None
    if value is None:
        raise document.wrong(node, f"{key} must be a whole number, this is {_kind(node)}")
    return value


def listed(item: Reader, empty: Any) -> Reader:
    """Return the reader of a list whose items another reads; null items are `empty`."""

    def read(document: Document, node: yaml.Node, key: str) -> list[Any] | None:
        if _is_null(node):
            return None
        if not isinstance(node, yaml.SequenceNode):
            raise document.wrong(node, f"{key} must be a list, this is {_kind(node)}")
        values = (item(document, inner, f"an item of {key}") for inner in node.value)
        return [empty if value is None else value for value in values]

    return read


def mapped(item: Reader, *, exact_keys: bool = False) -> Reader:
    """Return the reader of a mapping from any text; null values are empty text.

    Args:
        item: reads a value.
        exact_keys: refuse a bare key that would become other text (a file called `y`).
    """

    def read(document: Document, node: yaml.Node, key: str) -> dict[str, Any] | None:
        if _is_null(node):
            return None
        held: dict[str, Any] = {}
        for name_node, value_node in pairs(document, node, key):
            name = _text_of(document, name_node, f"a key of {key}")
            if exact_keys and name != name_node.value:
                what = f"{key}: {name_node.value} without quotes is read as {name}"
                raise document.wrong(name_node, what, f"quote it: '{name_node.value}'")
            if name in held:
                raise document.wrong(name_node, f"{key} has {name} twice", "keep one of them")
            value = item(document, value_node, f"{key}: {name}")
            held[name] = "" if value is None else value
        return held

    return read
