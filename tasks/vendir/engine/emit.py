"""Plain values as YAML, byte for byte as Go's `yaml.v2` writes them.

The lock file and the digests of lazy contents are defined by that writer: its order of keys, its
choice of quotes, its folding at the first blank after column 80. PyYAML's differs in all three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from itertools import pairwise
from typing import Any, Final

from .order import key_order
from .scalars import needs_quotes

_WIDTH: Final = 80
_STEP: Final = 2
_LONGEST_KEY: Final = 128  # bytes; a longer one is written behind "?"
_BREAKS: Final = frozenset("\r\n\x85\u2028\u2029")
_NEVER_FIRST: Final = frozenset("#,[]{}&*!|>'\"%@`")
_BOM: Final = "\ufeff"
_ESCAPES: Final = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}


def emit(value: Any) -> str:
    """Return plain values (mappings, lists, text, numbers, truth, None) as one YAML document."""
    page = _Page()
    page.node(value, indent=0, sequence_indent=0)
    return page.text() + ("" if page.at_line_start else "\n")


def _printable(char: str) -> bool:
    code = ord(char)
    if code < 0xA0:
        return char == "\n" or 0x20 <= code <= 0x7E
    return code <= 0xFFFD and char != _BOM


class _Shape:
    """What a text holds that decides how it can be written."""

    def __init__(self, text: str) -> None:
        self.lines = any(char in _BREAKS for char in text)
        self.special = not all(_printable(char) for char in text)
        self.blank_ends = text[:1] == " " or text[-1:] == " "
        self.break_ends = text[:1] in _BREAKS or text[-1:] in _BREAKS if text else False
        pairs = list(pairwise(text))
        self.blank_before_break = any(a == " " and b in _BREAKS for a, b in pairs)
        self.blank_after_break = any(a in _BREAKS and b == " " for a, b in pairs)
        self.trailing_blank = text[-1:] == " "
        self.indicator = _has_indicator(text)

    @property
    def plain(self) -> bool:
        return not (
            self.lines
            or self.special
            or self.blank_ends
            or self.break_ends
            or self.blank_before_break
            or self.blank_after_break
            or self.indicator
        )

    @property
    def single_quoted(self) -> bool:
        return not (self.special or self.blank_before_break or self.blank_after_break)

    @property
    def block(self) -> bool:
        return not (self.special or self.blank_before_break or self.trailing_blank)


def _has_indicator(text: str) -> bool:
    """Say whether a sign in the text would mean something, were it written bare."""
    if text.startswith(("---", "...")) or (text and text[0] in _NEVER_FIRST):
        return True
    for at, char in enumerate(text):
        blank_next = at + 1 >= len(text) or text[at + 1] in " \t"
        if char == ":" and blank_next:
            return True
        if at == 0 and char in "?-" and blank_next:
            return True
        if at and char == "#" and (text[at - 1] in " \t\0" or text[at - 1] in _BREAKS):
            return True
    return False


class _Page:
    """The text so far, and the column that the next character goes to."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._column = 0

    def text(self) -> str:
        return "".join(self._parts)

    @property
    def at_line_start(self) -> bool:
        return self._column == 0

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._column += len(text)

    def _line(self, indent: int) -> None:
        """Begin a line, unless one has just begun."""
        if self._column:
            self._parts.append("\n")
        self._parts.append(" " * indent)
        self._column = indent

    def node(self, value: Any, *, indent: int, sequence_indent: int) -> None:
        """Write a value behind what stands on the line.

        Args:
            value: what to write.
            indent: of a mapping's keys and of a text's further lines.
            sequence_indent: of a sequence's dashes.
        """
        if isinstance(value, Mapping) and value:
            self._mapping(value, indent)
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            self._sequence(value, sequence_indent)
        else:
            if self._column and self._parts[-1][-1:] != " ":
                self._put(" ")
            self._scalar(value, indent)

    def _mapping(self, value: Mapping[str, Any], indent: int) -> None:
        for position, key in enumerate(sorted(value, key=cmp_to_key(key_order))):
            compact = position == 0 and self._parts and self._parts[-1] == "- "
            if not compact:
                self._line(indent)
            simple = len(key.encode()) <= _LONGEST_KEY and not _Shape(key).lines
            if not simple:
                self._put("? ")
            self._text(key, indent + _STEP, key=simple)
            if not simple:
                self._line(indent)
            self._put(":")
            self.node(value[key], indent=indent + _STEP, sequence_indent=indent)

    def _sequence(self, value: Sequence[Any], indent: int) -> None:
        for position, item in enumerate(value):
            compact = position == 0 and self._parts and self._parts[-1] == "- "
            if not compact:
                self._line(indent)
            self._put("- ")
            self.node(item, indent=indent + _STEP, sequence_indent=indent + _STEP)

    def _scalar(self, value: Any, indent: int) -> None:
        if isinstance(value, str):
            self._text(value, indent, key=False)
        elif value is None:
            self._put("null")
        elif isinstance(value, bool):
            self._put("true" if value else "false")
        elif isinstance(value, int):
            self._put(str(value))
        else:
            self._put("{}" if isinstance(value, Mapping) else "[]")

    def _text(self, text: str, indent: int, *, key: bool) -> None:
        shape = _Shape(text)
        if "\n" in text and shape.block and not key:
            self._literal(text, indent)
        elif "\n" in text or needs_quotes(text):
            self._double(text, indent, fold=not key)
        elif shape.plain:
            self._folded(text, indent, fold=not key)
        elif shape.single_quoted and not (key and shape.lines):
            self._single(text, indent, fold=not key)
        else:
            self._double(text, indent, fold=not key)

    def _folded(self, text: str, indent: int, *, fold: bool) -> None:
        """Write text as it is, going on a new line at a single blank past the width."""
        end = len(text) - 1
        for at, char in enumerate(text):
            alone = text[at - 1 : at] != " " and text[at + 1 : at + 2] != " "
            if char == " " and fold and alone and 0 < at < end and self._column > _WIDTH:
                self._line(indent)
            else:
                self._put(char)

    def _single(self, text: str, indent: int, *, fold: bool) -> None:
        self._put("'")
        after_break = False
        for at, char in enumerate(text):
            alone = text[at - 1 : at] != " " and text[at + 1 : at + 2] != " "
            past = self._column > _WIDTH and 0 < at < len(text) - 1
            if char == " " and fold and alone and past:
                self._line(indent)
            elif char in _BREAKS:
                self._parts.append(char)
                self._column = 0
                after_break = True
            else:
                if after_break:
                    self._line(indent)
                    after_break = False
                self._put("''" if char == "'" else char)
        self._put("'")

    def _double(self, text: str, indent: int, *, fold: bool) -> None:
        self._put('"')
        # The original looks for a byte order mark at the start of the text, whatever the position.
        escape_all = text.startswith(_BOM)
        after_blank = False
        for at, char in enumerate(text):
            if escape_all or not _printable(char) or char in _BREAKS or char in '"\\':
                self._put(_escaped(char))
                after_blank = False
            elif char != " ":
                self._put(char)
                after_blank = False
            else:
                past = self._column > _WIDTH and 0 < at < len(text) - 1
                if fold and not after_blank and past:
                    self._line(indent)
                    self._put("\\" if text[at + 1] == " " else "")
                else:
                    self._put(" ")
                after_blank = True
        self._put('"')

    def _literal(self, text: str, indent: int) -> None:
        hint = str(_STEP) if text[0] == " " or text[0] in _BREAKS else ""
        if text[-1] not in _BREAKS:
            hint += "-"
        elif len(text) == 1 or text[-2] in _BREAKS:
            hint += "+"
        self._put(f"|{hint}")
        self._parts.append("\n")
        self._column = 0
        for char in text:
            if char in _BREAKS:
                self._parts.append(char)
                self._column = 0
            else:
                if not self._column:
                    self._line(indent)
                self._put(char)


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
