"""A YAML path, and the one scalar of a text that it names.

A path is written `a.b.0.c`: keys of mappings and, in a list, indexes from 0. A key that holds a dot
(`kubernetes.io/name`) is written with a backslash before it, as Helm's own `--set` has it.
"""

from __future__ import annotations

import re

from tasks.kernel.errors import SlipwayError

from .layout import Kind, Layout, Node

_PART = re.compile(r"((?:[^.\\]|\\.)+)(\.|$)", re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_MERGE = "<<"


def parts_of(path: str, name: str = "") -> tuple[str, ...]:
    r"""Return the keys and indexes of a path; `\.` stands for a dot inside of a key.

    Raises:
        SlipwayError: it is empty, or has an empty part.
    """
    parts = []
    position = 0
    more = True
    while more:
        found = _PART.match(path, position)
        if found is None:
            raise SlipwayError(
                f"{path!r} is no path: a part of it is empty",
                where=name,
                fix=r"write it like a.b.0.c, and \. for a dot inside of a key",
            )
        parts.append(re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL))
        position = found.end()
        more = found[2] == "."
    return tuple(parts)


def written_path(parts: tuple[str, ...]) -> str:
    """Return the path of these parts as it is typed."""
    return ".".join(re.sub(r"([.\\])", r"\\\1", part) for part in parts)


def scalar_at(layout: Layout, path: str, name: str) -> Node:
    """Return the scalar that a path names.

    Raises:
        SlipwayError: there is none, or it is not clear which bytes would have to change: a key
            that stands there twice, an alias, a merged key, a mapping or a list.
    """
    node = container_at(layout, path, name, parts_of(path, name))
    if node.kind is not Kind.SCALAR:
        raise SlipwayError(
            f"{path} is {node.kind.value}, not a scalar",
            where=place(layout, node.start, name),
            fix="go on with the path to the scalar that is meant",
        )
    return node


def container_at(layout: Layout, path: str, name: str, parts: tuple[str, ...]) -> Node:
    """Return the node at these first parts of a path, whatever it is, but never an alias."""
    node = layout.root
    for depth, part in enumerate(parts):
        so_far = written_path(parts[: depth + 1])
        where = place(layout, node.start, name)
        if node.kind is Kind.MAPPING:
            node = _value_of(layout, node, part, path, so_far, name)
        elif node.kind is Kind.SEQUENCE:
            node = _item_of(node, part, path, so_far, where)
        else:
            above = written_path(parts[:depth]) or "the document"
            raise SlipwayError(f"{path} does not exist: {above} is {node.kind.value}", where=where)
        if node.kind is Kind.ALIAS:
            assert node.target is not None  # noqa: S101 (the layout refuses an alias of nothing)
            line = layout.line(node.target.start)
            raise SlipwayError(
                f"{path} cannot be edited here: {so_far} is an alias of &{node.anchor}",
                where=place(layout, node.start, name),
                fix=f"name the path of what is anchored in line {line}, or write the value out",
            )
    return node


def place(layout: Layout, position: int, name: str) -> str:
    """Return file and line of a position, for a message."""
    return f"{name}:{layout.line(position)}"


def _value_of(layout: Layout, node: Node, key: str, path: str, so_far: str, name: str) -> Node:
    found = [(k, v) for k, v in node.pairs() if k.key_text() == key]
    if len(found) > 1:
        lines = " and ".join(str(layout.line(k.start)) for k, _ in found)
        raise SlipwayError(
            f"{path} is not clear: {so_far} stands there {len(found)} times, in lines {lines}",
            where=place(layout, found[1][0].start, name),
            fix="remove the one that is not meant",
        )
    if found and not (key == _MERGE and not found[0][0].style):
        return found[0][1]
    merged = any(k.key_text() == _MERGE and not k.style for k, _ in node.pairs())
    why = f"{so_far} comes from a merge (<<), if from anywhere" if merged else f"no {so_far}"
    raise SlipwayError(
        f"{path} does not exist: {why}",
        where=place(layout, node.start, name),
        fix="name the path of the anchored mapping, or write the key out here"
        if merged
        else "check the path against the file; only what is there is edited",
    )


def _item_of(node: Node, part: str, path: str, so_far: str, where: str) -> Node:
    size = len(node.children)
    if not _INDEX.fullmatch(part) or int(part) >= size:
        raise SlipwayError(
            f"{path} does not exist: {so_far} is no item of a list of {size}",
            where=where,
            fix="items are counted from 0",
        )
    return node.children[int(part)]
