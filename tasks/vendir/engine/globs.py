"""Which paths a pattern of `includePaths` and its like selects.

Patterns are anchored at the content's root and match whole paths; `*` and `?` stay inside one
component, a component `**` stands for any number of them, a leading dot is an ordinary character.
Every pattern is checked when it is compiled, so that a mistake in one is told before anything is
fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from tasks.kernel.errors import WrongUsage

from .paths import clean

_MOST_ALTERNATIVES = 4096
# Where a brace was. `**` behind an opening one is no component of its own, and a `*` before one
# leaves at least a character to what follows: both as in the original.
_OPENED, _CLOSED = "\0", "\1"
_WILD = frozenset("*?[\\")


class Glob(NamedTuple):
    """A compiled pattern.

    Attributes:
        pattern: as it was written.
        names: paths that are selected by name; to look into a set is quicker than an expression.
        expression: what any other path has to match; None when there are no wildcards.
        roots: the components, up to the first with a wildcard, of each alternative that selects
            something below a folder.
    """

    pattern: str
    names: frozenset[str]
    expression: re.Pattern[str] | None
    roots: tuple[tuple[str, ...], ...]

    def matches(self, path: str) -> bool:
        """Say whether a path (relative, `/` between components) is selected."""
        return path in self.names or bool(self.expression and self.expression.fullmatch(path))

    def may_match_below(self, folder: str) -> bool:
        """Say whether a path below a folder might be selected; only False is certain."""
        parts = tuple(folder.split("/"))
        return any(root[: len(parts)] == parts[: len(root)] for root in self.roots)


def any_matches(globs: Iterable[Glob], path: str) -> bool:
    """Say whether one of the patterns selects a path."""
    return any(glob.matches(path) for glob in globs)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Glob:
    """Compile a pattern.

    Raises:
        WrongUsage: it is malformed, or leaves the content's root.
    """
    if _OPENED in pattern or _CLOSED in pattern:
        raise _malformed(pattern, "has a control character")
    cleaned = clean("/" + pattern)[1:]
    if clean(pattern).split("/")[0] == "..":
        raise _malformed(pattern, "leaves the root of the content")
    alternatives = list(_expanded(cleaned, pattern))
    wild = [each for each in alternatives if set(each) & _WILD]
    expression = "|".join(f"(?:{_translated(each, pattern)})" for each in wild)
    roots = tuple(dict.fromkeys(_fixed_root(each) for each in alternatives if _is_deep(each)))
    names = frozenset(_bare(each) for each in alternatives if not set(each) & _WILD)
    return Glob(pattern, names, re.compile(expression, re.DOTALL) if wild else None, roots)


def _malformed(pattern: str, why: str) -> WrongUsage:
    return WrongUsage(f"the pattern {pattern!r} {why}", fix="correct it, or escape the sign by \\")


def _expanded(text: str, pattern: str, budget: list[int] | None = None) -> Iterator[str]:
    """Yield the text once for each choice of its braces' alternatives."""
    budget = [_MOST_ALTERNATIVES] if budget is None else budget
    at = _opening(text)
    if at is None:
        budget[0] -= 1
        if budget[0] < 0:
            raise _malformed(pattern, f"stands for more than {_MOST_ALTERNATIVES} patterns")
        yield text
        return
    choices, end = _alternatives(text, at, pattern)
    for choice in choices:
        yield from _expanded(f"{text[:at]}{_OPENED}{choice}{_CLOSED}{text[end:]}", pattern, budget)


def _opening(text: str) -> int | None:
    """Return where the first brace outside of a class opens."""
    at, in_class = 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif in_class:
            in_class = text[at] not in "]/"
        elif text[at] == "[":
            in_class = True
        elif text[at] == "{":
            return at
        at += 1
    return None


def _alternatives(text: str, at: int, pattern: str) -> tuple[list[str], int]:
    """Return the alternatives of the brace that opens at a position, and where it has ended."""
    choices, begin, depth = [], at + 1, 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif sign == "{":
            depth += 1
        elif sign == "," and depth == 1:
            choices.append(text[begin:at])
            begin = at + 1
        elif sign == "}":
            depth -= 1
            if not depth:
                return [*choices, text[begin:at]], at + 1
        at += 1
    raise _malformed(pattern, "has a brace that is never closed")


def _translated(text: str, pattern: str) -> str:
    """Return a pattern without braces as a regular expression."""
    components = text.split("/")
    out = ""
    for position, component in enumerate(components):
        last = position == len(components) - 1
        if component.strip(_CLOSED) == "**":
            out += ".+" if last else "(?:[^/]+/)*"
        else:
            out += _component(component, pattern) + ("" if last else "/")
    return out


def _component(text: str, pattern: str) -> str:
    out, at = "", 0
    while at < len(text):
        sign = text[at]
        if sign == "*":
            at += text[at + 1 : at + 2] == "*"  # two are one here
            out += "[^/]*" + ("(?=[^/])" if text[at + 1 :].strip(_CLOSED) else "")
        elif sign == "?":
            out += "[^/]"
        elif sign == "[":
            end, expression = _class(text, at + 1, pattern)
            out += expression
            at = end
        elif sign == "\\":
            at += 1
            if at == len(text):
                raise _malformed(pattern, "ends in a lone \\")
            out += re.escape(text[at])
        elif sign not in (_OPENED, _CLOSED):
            out += re.escape(sign)
        at += 1
    return out


def _class(text: str, at: int, pattern: str) -> tuple[int, str]:
    """Return where the class that opened before a position ends, and its expression."""
    negated = text[at : at + 1] == "^"
    at += negated
    members: list[str] = []
    while True:
        first, at = _member(text, at, pattern)
        if text[at : at + 1] == "-":
            last, at = _member(text, at + 1, pattern)
            if first <= last:
                members.append(f"{re.escape(first)}-{re.escape(last)}")
        else:
            members.append(re.escape(first))
        if text[at : at + 1] == "]":
            break
    if negated:
        return at, f"[^/{''.join(members)}]"
    # A class of nothing but backward ranges matches nothing.
    return at, f"(?!/)[{''.join(members)}]" if members else "(?!)"


def _member(text: str, at: int, pattern: str) -> tuple[str, int]:
    """Return one character of a class, and where the next begins."""
    if text[at : at + 1] == "\\":
        at += 1
    elif text[at : at + 1] in ("-", "]", ""):
        raise _malformed(pattern, "has a class ([…]) that is empty, not closed, or a bare - in it")
    if at >= len(text):
        raise _malformed(pattern, "has a class ([…]) that is never closed")
    return text[at], at + 1


def _bare(text: str) -> str:
    return text.replace(_OPENED, "").replace(_CLOSED, "")


def _is_deep(text: str) -> bool:
    """Say whether a pattern can select something below a folder; a name at the root cannot."""
    return "/" in text or "**" in text


def _fixed_root(text: str) -> tuple[str, ...]:
    fixed: list[str] = []
    for component in _bare(text).split("/"):
        if set(component) & _WILD:
            break
        fixed.append(component)
    return tuple(fixed)
