"""A pipeline file as YAML nodes that know their lines, and the sheet that its mistakes go on.

Only nodes are composed, never objects: a tag such as `!!python/object` is text, and refused later.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ..errors import WrongUsage
from .model import nearest_line
from .secrets import ADVICE, kind_of_secret, safe

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 40  # libyaml's composer recurses on the C stack and takes the process with it
_LARGEST = 1 << 20
_LONGEST_KEY = 200
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must be declared elsewhere in the file: `value` of `kind`, named at `key`."""

    kind: str
    value: str
    key: str
    line: int


class Sheet:
    """What is noted while one file is read: mistakes, where keys stand, names and uses of names."""

    def __init__(self, file: str) -> None:
        """Begin an empty sheet; `file` is how messages name the file."""
        self.file = file
        self.lines: dict[str, int] = {}
        self.names: dict[str, set[str]] = {}
        self.references: list[Reference] = []
        self.secrets: set[int] = set()
        self._mistakes: list[tuple[int, str]] = []

    def mistake(self, line: int, key: str, message: str) -> None:
        """Note a mistake of a key."""
        place = (
            f"{self.file}:{line}: {safe(key, _LONGEST_KEY)}: " if key else f"{self.file}:{line}: "
        )
        self._mistakes.append((line, place + message))

    def mistake_at(self, key: str, message: str) -> None:
        """Note a mistake of a key, on the line where it stands or would stand."""
        self.mistake(nearest_line(self.lines, key), key, message)

    def broken(self, line: int, column: int, message: str) -> NoReturn:
        """Raise the mistake that leaves nothing to read.

        Raises:
            WrongUsage: always.
        """
        raise _refusal([f"{self.file}:{line}:{column}: {message}"])

    def close(self) -> None:
        """Hand in the sheet.

        Raises:
            WrongUsage: there are mistakes; all of them, in the order of their lines.
        """
        if self._mistakes:
            self._mistakes.sort(key=lambda noted: noted[0])
            raise _refusal([text for _, text in self._mistakes])


def _refusal(mistakes: list[str]) -> WrongUsage:
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    return WrongUsage("\n".join([*mistakes, f"{count}; nothing was run."]))


def display(path: Path) -> str:
    """Return how messages name the file: relative to the working folder when it is below it."""
    here = Path.cwd()
    full = here / path
    shown = full.relative_to(here) if full.is_relative_to(here) else path
    return safe(str(shown), _LONGEST_PATH)


def read(path: Path) -> bytes:
    """Return the file's content.

    Raises:
        WrongUsage: there is no such file, or it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise WrongUsage(
            f"{display(path)} is missing",
            fix="name the pipeline file with pipeline=PATH or SLIPWAY_PIPELINE=PATH, "
            "or get the default one back: git checkout -- pipeline.yml",
        ) from None
    except OSError as error:
        raise WrongUsage(
            f"{display(path)} cannot be read: {os.strerror(error.errno or 0)}",
            fix="name a readable file with pipeline=PATH or SLIPWAY_PIPELINE=PATH",
        ) from None
    if len(content) > _LARGEST:
        raise WrongUsage(
            f"{display(path)} has {len(content)} bytes, which is no pipeline file",
            fix="name the right file with pipeline=PATH or SLIPWAY_PIPELINE=PATH",
        )
    return content


def compose(content: bytes, sheet: Sheet) -> yaml.Node:
    """Return the root node of a YAML text, with every secret in it already noted.

    Raises:
        WrongUsage: it is not YAML, or not one document.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(content.decode("latin-1"), error.start)
        sheet.broken(line, column, "this is not UTF-8 (expected text in UTF-8)")
    try:
        _refuse_depth(text, sheet)
        root: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.reader.ReaderError as error:
        sheet.broken(*_first_unprintable(text), f"{error.reason} (expected printable text)")
    except yaml.MarkedYAMLError as error:
        _explain(error, sheet)
    if root is None:
        sheet.broken(1, 1, "the file is empty (expected the sections of a pipeline)")
    _note_secrets(root, sheet)
    return root


def _refuse_depth(text: str, sheet: Sheet) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            message = f"more than {_DEEPEST} lists and mappings inside one another (expected fewer)"
            sheet.broken(*_after(event.start_mark), message)


def _explain(error: yaml.MarkedYAMLError, sheet: Sheet) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    words = ", ".join(part for part in (error.context, error.problem) if part)
    sheet.broken(*_after(mark), f"{safe(words)} (expected YAML)")


def _after(mark: Any) -> tuple[int, int]:
    # Marks count from zero; people and editors count from one.
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _first_unprintable(text: str) -> tuple[int, int]:
    # The two loaders count positions in different units, so look for the character again.
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return _place(text, found.start() if found else 0)


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _note_secrets(root: yaml.Node, sheet: Sheet) -> None:
    for key, line, node in _scalars(root):
        if kind := kind_of_secret(node.value):
            sheet.secrets.add(id(node))
            sheet.mistake(line, key, f"holds {kind} ({ADVICE})")


def _scalars(root: yaml.Node) -> Iterator[tuple[str, int, yaml.ScalarNode]]:
    """Yield every scalar once, with its key; aliases may form circles, so visits are remembered."""
    waiting: list[tuple[str, int, yaml.Node]] = [("", 1, root)]
    seen: set[int] = set()
    while waiting:
        key, line, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield key, line, node
        elif isinstance(node, yaml.SequenceNode):
            waiting += [
                (f"{key}[{index}]", item.start_mark.line + 1, item)
                for index, item in enumerate(node.value)
            ]
        elif isinstance(node, yaml.MappingNode):
            for name, item in node.value:
                at = name.start_mark.line + 1
                word = name.value if isinstance(name, yaml.ScalarNode) else "?"
                waiting += [(key, at, name), (f"{key}.{word}".lstrip("."), at, item)]
