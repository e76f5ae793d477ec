"""Edits of scalars and of their breadcrumbs: all or none, and no other byte.

An anchored scalar may be edited where it stands: whoever wrote an anchor wants its aliases to
follow. An alias itself is refused, since the path that is named would not be the one that changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.kernel.errors import SlipwayError

from . import breadcrumb
from .breadcrumb import Origin, checked_ref
from .document import Document, document
from .layout import BLOCKS, Node, read
from .lookup import parts_of
from .spelling import written

DIGEST_KEY = "digest"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_TEXT_TAGS = {None, "!", "tag:yaml.org,2002:str"}


@dataclass(frozen=True, slots=True)
class Edit:
    r"""A new value for the scalar at a path (`a.b.0.c`; `\.` for a dot inside of a key)."""

    path: str
    value: str


@dataclass(frozen=True, slots=True, order=True)
class _Splice:
    """Characters from `start` to before `end`, and what stands there instead."""

    start: int
    end: int
    rank: int  # at one place a value comes before a comment
    new: str


def edit(text: bytes, edits: Sequence[Edit], *, name: str = "values.yaml") -> bytes:
    """Return the text with these scalars replaced, everything else byte for byte the same.

    Args:
        text: the file's content, UTF-8.
        edits: what to set.
        name: the file, for messages.

    Raises:
        SlipwayError: a path does not exist or is no scalar that can be edited in place, a value
            for a key `digest` is no digest, the file is no YAML with one document. Names path and
            file.
    """
    return bump(text, edits, name=name)


def renew(
    text: bytes,
    paths: Iterable[str],
    ref: str,
    *,
    origin: Origin | None = None,
    name: str = "values.yaml",
) -> bytes:
    """Return the text with the `commit_ref` of the breadcrumbs on these paths' lines renewed.

    Args:
        text: the file's content, UTF-8.
        paths: the scalars beside which the breadcrumbs stand.
        ref: the new reference.
        origin: when given, a digest that has no breadcrumb yet gets one.
        name: the file, for messages.

    Raises:
        SlipwayError: a path is not there, the reference cannot stand in a breadcrumb, or a
            breadcrumb names no commit to renew.
    """
    file = document(text, name)
    nodes = [(path, file.scalar(path)) for path in paths]
    splices = [s for path, node in nodes for s in _crumb(file, path, node, node.value, ref, origin)]
    return _applied(file, splices, {})


def bump(
    text: bytes,
    edits: Sequence[Edit],
    *,
    ref: str | None = None,
    origin: Origin | None = None,
    name: str = "values.yaml",
) -> bytes:
    """Do `edit` and, with a reference, `renew` on the same paths; all or none.

    Raises:
        SlipwayError: as these two.
    """
    file = document(text, name)
    numbers = {id(node): number for number, node in enumerate(file.layout.scalars)}
    splices: list[_Splice] = []
    targets: dict[int, str] = {}
    for one in edits:
        node = file.scalar(one.path)
        number = numbers[id(node)]
        if number in targets:
            raise SlipwayError(f"{one.path} is set twice", where=file.where(node))
        targets[number] = one.value
        splices.append(_value(file, node, one))
        if ref is not None:
            splices.extend(_crumb(file, one.path, node, one.value, ref, origin))
    return _applied(file, splices, targets)


def _value(file: Document, node: Node, one: Edit) -> _Splice:
    where = file.where(node)
    if parts_of(one.path)[-1] == DIGEST_KEY and not _DIGEST.fullmatch(one.value):
        raise SlipwayError(
            f"{one.path} takes sha256: and 64 hexadecimal digits, not {one.value!r}", where=where
        )
    _refuse_block(file, node, one.path)
    if node.tag not in _TEXT_TAGS:
        raise SlipwayError(f"{one.path} carries the tag {node.tag}, not edited here", where=where)
    text = file.layout.text
    try:
        new = written(one.value, node, text)
    except SlipwayError as error:
        raise SlipwayError(f"{one.path}: {error.what}", where=where) from None
    if node.start < node.end:
        return _Splice(node.start, node.end, 0, new)
    if node.tag or node.anchor or text[node.start - 1 : node.start] not in {":", "-"}:
        raise SlipwayError(
            f"{one.path} has no value, and no clear place for one",
            where=where,
            fix='write "" there',
        )
    return _Splice(node.start, node.end, 0, f" {new}")


def _refuse_block(file: Document, node: Node, path: str) -> None:
    if node.style in BLOCKS:
        raise SlipwayError(
            f"{path} is a block of several lines, which is not edited in place",
            where=file.where(node),
        )


def _crumb(
    file: Document, path: str, node: Node, value: str, ref: str, origin: Origin | None
) -> list[_Splice]:
    """Return what renews the breadcrumb beside a scalar that has, or is to have, this value."""
    _refuse_block(file, node, path)
    try:
        checked_ref(ref)
        comment = file.comment(node)
        span = breadcrumb.ref_span(comment[1]) if comment else None
        if comment and span:
            return [_Splice(comment[0] + span[0], comment[0] + span[1], 1, ref)]
        is_digest = parts_of(path)[-1] == DIGEST_KEY or _DIGEST.fullmatch(value)
        if origin is None or not is_digest:
            return []
        new = breadcrumb.new_crumb(origin, ref)
    except SlipwayError as error:
        what = f"{path}: {error.what}"
        raise SlipwayError(
            what, where=file.where(node), fix=error.fix, detail=error.detail
        ) from None
    rest = file.layout.text[node.end : file.layout.line_end(node.end)]
    last = node.end + len(rest.rstrip(" \t"))
    return [_Splice(last, last, 1, f" {new}")]


def _applied(file: Document, splices: list[_Splice], targets: Mapping[int, str]) -> bytes:
    old = file.layout.text
    new: list[str] = []
    position = 0
    for splice in sorted(set(splices)):  # two images on one line share their breadcrumb
        new += [old[position : splice.start], splice.new]
        position = splice.end
    made = "".join([*new, old[position:]])
    if not _says(file, made, targets):
        raise SlipwayError(
            "the edits cannot be made in place: the file would then say something else",
            where=file.name,
            fix="write each value that is set, and its comment, on a line of its own",
        )
    return (file.mark + made).encode()


def _says(file: Document, made: str, targets: Mapping[int, str]) -> bool:
    """Tell whether a text means the file with these values, and nothing else."""
    try:
        return file.layout.shape(targets) == read(made, file.name).shape()
    except SlipwayError:
        return False
