"""The wildcards of Go's `filepath.Match`, as COPY and `.dockerignore` use them."""

from __future__ import annotations

import re

_CLASS = re.compile(r"\[(\^?)((?:\\.|[^\]\\])+)\]")
_WILD = re.compile(r"[*?\[\\]")


class BadPattern(ValueError):
    """A pattern that is not one."""


def is_wild(text: str) -> bool:
    """Return whether `text` has anything but ordinary characters."""
    return _WILD.search(text) is not None


def compiled(pattern: str, *, deep: bool = False) -> re.Pattern[str]:
    r"""Return a pattern as a regular expression for a whole path.

    Args:
        pattern: `*` and `?` stop at a slash; `[a-z]`, `[^a]`, and `\` before a character to take
            it as it is.
        deep: `**` stands for any number of folders, as in `.dockerignore`.

    Raises:
        BadPattern: a bracket is not closed.
    """
    result, position = "", 0
    while position < len(pattern):
        piece, position = _piece(pattern, position, deep=deep)
        result += piece
    try:
        return re.compile(result, re.DOTALL)
    except re.error as error:
        raise BadPattern(str(error)) from None


def _piece(pattern: str, at: int, *, deep: bool) -> tuple[str, int]:
    """Return the expression for what stands at `at`, and where the next thing begins."""
    character = pattern[at]
    if deep and pattern.startswith("**", at):
        at += 2
        if pattern.startswith("/", at):
            return "(?:.*/)?", at + 1
        return ".*", at
    if character == "*":
        return "[^/]*", at + 1
    if character == "?":
        return "[^/]", at + 1
    if character == "[":
        found = _CLASS.match(pattern, at)
        if not found:
            raise BadPattern("a [ is not closed")
        inside = re.sub(r"(?<!\\)([\[&|~])", r"\\\1", found[2])
        # A negated class must not match the slash between two folders.
        return (f"[^/{inside}]" if found[1] else f"[{inside}]"), found.end()
    if character == "\\":
        if at + 1 == len(pattern):
            raise BadPattern("it ends in a backslash")
        return re.escape(pattern[at + 1]), at + 2
    return re.escape(character), at + 1
