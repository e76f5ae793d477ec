"""Globs over repository paths, as the Rust crate `glob` 0.3 reads them, translated to regexes.

Python's own matchers differ in every point that matters here: `fnmatch` lets a star cross a slash,
`pathlib` matches from the right, neither wants a leading dot to be written out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from tasks.kernel.errors import WrongUsage

THREE_STARS = "wildcards are either regular `*` or recursive `**`"
LOOSE_STARS = "recursive wildcards must form a single path component"
OPEN_SET = "invalid range pattern"

# A dot at the start of a component is matched by a literal dot alone.
_NO_DOT = r"(?!(?<![^/])\.)"
_ONE = rf"{_NO_DOT}[^/]"
_RUN = rf"(?:{_NO_DOT}[^/]+)?"
_FOLDERS = r"(?:(?!\.)[^/]*/)*"
_REST = r"(?!\.)[^/]*(?:/(?!\.)[^/]*)*"

Matches = Callable[[str], bool]


class BadGlob(WrongUsage):
    """A pattern that the grammar does not allow; `reason` says which rule it breaks."""

    def __init__(self, pattern: str, reason: str, where: str = "") -> None:
        super().__init__(f"the pattern {pattern!r} is not valid: {reason}", where=where)
        self.pattern = pattern
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return (BadGlob, (self.pattern, self.reason, self.where))


def translate(pattern: str) -> str:
    """Return the regular expression that matches a whole path where the glob does.

    Raises:
        BadGlob: three stars, `**` beside other characters of its component, an unclosed set.
    """
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            part, at = _stars(pattern, at)
            # Several `**` in a row say no more than one, and would cost a search each.
            if not (part == _FOLDERS and parts and parts[-1] == _FOLDERS):
                parts.append(part)
        elif char == "[":
            part, at = _set(pattern, at)
            parts.append(part)
        else:
            parts.append(_ONE if char == "?" else re.escape(char))
            at += 1
    if parts and parts[-1] == _FOLDERS:
        parts[-1] = _REST
    return "".join(parts)


def _stars(pattern: str, start: int) -> tuple[str, int]:
    end = start
    while pattern[end : end + 1] == "*":
        end += 1
    if end - start > 2:
        raise BadGlob(pattern, THREE_STARS)
    if end - start == 1:
        return _RUN, end
    if (start and pattern[start - 1] != "/") or pattern[end : end + 1] not in {"", "/"}:
        raise BadGlob(pattern, LOOSE_STARS)
    return _FOLDERS, end + 1


def _set(pattern: str, start: int) -> tuple[str, int]:
    negated = pattern[start + 1 : start + 2] == "!"
    first = start + 1 + negated
    close = pattern.find("]", first + 1)  # a bracket in the first place is a member
    if close < 0:
        raise BadGlob(pattern, OPEN_SET)
    members = _members(pattern[first:close])
    if not members:
        return (_ONE if negated else "(?!)"), close + 1
    return f"{_NO_DOT}(?!/)[{'^' if negated else ''}{members}]", close + 1


def _members(text: str) -> str:
    parts = []
    at = 0
    while at < len(text):
        if at + 3 <= len(text) and text[at + 1] == "-":
            low, high = text[at], text[at + 2]
            if low <= high:  # a range the wrong way round is empty
                parts.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            parts.append(re.escape(text[at]))
            at += 1
    return "".join(parts)


@cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # Without a pattern nothing matches; an empty pattern would match the empty path.
    return re.compile("|".join(f"(?:{translate(one)})" for one in patterns) or "(?!)")


def beginning(pattern: str) -> str:
    """Return what every path that a glob matches begins with; "" for nothing certain."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def any_of(patterns: Iterable[str]) -> Matches:
    """Return a test whether a repository-relative path matches one of the globs.

    Raises:
        BadGlob: one of them is not valid.
    """
    regex = _compiled(tuple(patterns))
    return lambda path: regex.fullmatch(path) is not None


def matches(pattern: str, path: str) -> bool:
    """Say whether one glob matches a path; see `any_of`."""
    return any_of((pattern,))(path)
