"""Pure: one line of text with a caret under one of its columns, safe to print on a terminal."""

from __future__ import annotations

import unicodedata

_WIDEST = 96


def draw(line: str, column: int) -> list[str]:
    """Return `line` as it can be shown, and below it a caret under `column`.

    What a terminal would act upon or not show (control characters, direction marks, broken bytes)
    is written as an escape, since commit messages come from outside. A long line is cut around the
    caret.

    Args:
        line: one line, without its newline.
        column: counted in characters from 1; one past the end is the place where something is
            missing.
    """
    cells = [_visible(character) for character in line]
    at = min(max(column - 1, 0), len(cells))
    first, last = _window(cells, at)
    head = "…" if first > 0 else ""
    tail = "…" if last < len(cells) else ""
    before = head + "".join(cells[first:at])
    return [before + "".join(cells[at:last]) + tail, " " * _width(before) + "^"]


def visible(text: str) -> str:
    """Return `text` with everything that a terminal would not simply show written as escapes."""
    return "".join(map(_visible, text))


def _window(cells: list[str], at: int) -> tuple[int, int]:
    if sum(map(_width, cells)) <= _WIDEST:
        return 0, len(cells)
    first = last = at
    room = _WIDEST
    # Grow to both sides, a little more to the right, where the reader looks for what went wrong.
    while room > 0 and (first > 0 or last < len(cells)):
        for _ in range(2):
            if last < len(cells):
                room -= _width(cells[last])
                last += 1
        if first > 0:
            first -= 1
            room -= _width(cells[first])
    return first, last


def _visible(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, as Python keeps it
        return f"\\x{code - 0xDC00:02x}"
    # The first letter C stands for control, format, surrogate, private and unassigned characters.
    if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
        return character.encode("unicode_escape").decode("ascii")
    return character


def _width(text: str) -> int:
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
