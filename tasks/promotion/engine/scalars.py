"""How a string is written in a state file, to the byte.

The rules are those of the YAML writer that cepler is built with, which quotes more and other
strings than PyYAML does.
"""

from __future__ import annotations

import re

_FIRST = frozenset("&*?|-<>=!%@.")
# These control characters alone do not make it quote: BEL, BS, VT, FF, ESC and DEL.
_INSIDE = re.compile("[:{}\\[\\],#`\"'\\\\\x00-\x06\t\n\r\x0e-\x1a\x1c-\x1f]")
_SPECIAL = ("yes", "no", "on", "off", "true", "false", "null")
_WORDS = frozenset(form for w in _SPECIAL for form in (w, w.title(), w.upper())) | {"~"}
# What Rust reads as a float; every integer is one, too.
_NUMBER = re.compile(
    r"[+-]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)", re.IGNORECASE
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f]')


def needs_quotes(text: str) -> bool:
    """Say whether a string would be written in double quotes."""
    return (
        not text
        or text[0] == " "
        or text[-1] == " "
        or text[0] in _FIRST
        or text.startswith("0x")
        or _INSIDE.search(text) is not None
        or text in _WORDS
        or (text.isascii() and _NUMBER.fullmatch(text) is not None)
    )


def quoted(text: str) -> str:
    """Return a string in the form in which it stands in a state file."""
    if not needs_quotes(text):
        return text
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    return _SHORT.get(char) or f"\\u{ord(char):04x}"
