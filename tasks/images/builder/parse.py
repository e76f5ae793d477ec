"""The lines of a Dockerfile: directives, comments, continuation, instructions and their flags.

Written here because `dockerfile-parse` (2.0) loses what it does not understand: an instruction
that ends in a continuation at the end of the file, or follows a line ending in two backslashes,
vanishes without a word, and an image would be built with files missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .problem import Place

_DIRECTIVE = re.compile(r"\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_COMMENT = re.compile(r"\s*#")
_FLAG = re.compile(r"--([a-zA-Z][a-zA-Z0-9-]*)(?:=(\S*))?(?:\s+|$)")
_HEREDOC = re.compile(r"<<-?\s*[\"']?[A-Za-z_]")


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        place: its first line.
        name: in upper case.
        flags: such as `--chmod=0644`, the value empty when there is none.
        rest: what follows the flags, continuation lines joined.
    """

    place: Place
    name: str
    flags: Mapping[str, str]
    rest: str


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile: its instructions and its escape character."""

    instructions: tuple[Instruction, ...]
    escape: str


def parse(content: bytes, file: str) -> Dockerfile:
    """Parse a Dockerfile; what the instructions mean is not looked at.

    Args:
        content: the file's bytes.
        file: its name, for messages.

    Raises:
        SlipwayError: it is not UTF-8, a directive is wrong, or it uses here-documents.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Place(file, line).error("this is not UTF-8 text", fix="save it as UTF-8") from None
    lines = text.replace("\r\n", "\n").split("\n")
    escape = _escape(lines, file)
    instructions = tuple(
        _instruction(logical, Place(file, number)) for number, logical in _logical(lines, escape)
    )
    return Dockerfile(instructions, escape)


def _escape(lines: list[str], file: str) -> str:
    """Return the escape character; directives stand before everything else."""
    for number, line in enumerate(lines, 1):
        found = _DIRECTIVE.fullmatch(line)
        if not found:
            break
        if found[1].lower() == "escape":
            if found[2] not in {"\\", "`"}:
                raise Place(file, number).error(
                    f"the escape character cannot be {found[2]}", fix="use \\ or `"
                )
            return found[2]
    return "\\"


def _logical(lines: list[str], escape: str) -> Iterator[tuple[int, str]]:
    """Yield each instruction as one line, with the number of its first line.

    A line ending in two escape characters ends there. Comments and empty lines between
    continuation lines are left out, as Docker does.
    """
    mark = re.escape(escape)
    continued = re.compile(rf"(?:^|(?<=[^{mark}])){mark}[ \t]*$")
    first, joined = 0, ""
    for number, line in enumerate(lines, 1):
        if _COMMENT.match(line) or not line.strip():
            continue
        if not first:
            first, line = number, line.lstrip()  # noqa: PLW2901 - only the first line loses its indent
        piece, more = continued.subn("", line)
        joined += piece
        if not more:
            yield first, joined.strip()
            first, joined = 0, ""
    if joined.strip():
        yield first, joined.strip()


def _instruction(logical: str, place: Place) -> Instruction:
    name, *more = logical.split(maxsplit=1)
    rest = more[0] if more else ""
    flags: dict[str, str] = {}
    while found := _FLAG.match(rest):
        flags[found[1]] = found[2] or ""
        rest = rest[found.end() :]
    if _HEREDOC.search(rest) and name.upper() in {"RUN", "COPY", "ADD"}:
        raise place.unsupported("knows no here-documents")
    return Instruction(place, name.upper(), flags, rest)
