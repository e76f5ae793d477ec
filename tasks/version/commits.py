"""Pure: the conventional-commit grammar as cocogitto reads it, and what a message does wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .rules import Rules

SHAPE = (
    "TYPE(SCOPE): SUMMARY, as in 'fix(ledger): rounding of half cents'; the scope may be left out"
)

_NEWLINE = r"(?:\r\n|\n|\r)"
_HEADER = re.compile(
    r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()\s]+)\))?(?P<bang>!)?: (?! )(?P<summary>[^\r\n]+)"
)
# The token wants something behind it: a message is read without the blanks around it.
_BREAKING_FOOTER = re.compile(rf"{_NEWLINE}BREAKING[ -]CHANGE(?:: |:{_NEWLINE}| \#).", re.DOTALL)
_LETTERS = re.compile(r"[A-Za-z]*")
_SCOPE = re.compile(r"[^()\s]*")
_QUOTES = "\"'`´«»‹›„“”‟‚‘’‛＂＇「」『』"


class Commit(NamedTuple):
    """A commit as git has it: its id, the ids of its parents, and its whole message."""

    id: str
    parents: tuple[str, ...]
    message: str


class Conventional(NamedTuple):
    """What a conventional commit says.

    Attributes:
        type: in lower case (`Feat` is a `feat`).
        scope: as written, or None.
        breaking: marked by `!`, or by a footer BREAKING CHANGE.
        summary: the rest of the first line.
    """

    type: str
    scope: str | None
    breaking: bool
    summary: str


class Complaint(NamedTuple):
    """What is wrong with a message, and where.

    Attributes:
        problem: one line in plain words.
        fix: what to write instead.
        line: of the message, from 1.
        column: in characters, from 1; one past the end where something is missing.
        text: that line, as it was written.
    """

    problem: str
    fix: str
    line: int
    column: int
    text: str

    def render(self) -> list[str]:
        """Return the offending line and a caret below the place, both safe to print."""
        from .carets import draw

        return draw(self.text, self.column)


class _Fault(NamedTuple):
    at: int
    problem: str
    fix: str = f"write {SHAPE}"


def parse(message: str) -> Conventional | None:
    """Read a message (specs/versioning.md, 6 and 9); None when it is not conventional."""
    body = message.strip()
    found = _HEADER.match(body)
    if found is None:
        return None
    breaking = bool(found["bang"]) or _BREAKING_FOOTER.search(body, found.end()) is not None
    return Conventional(found["type"].lower(), found["scope"], breaking, found["summary"])


def complaint(message: str, rules: Rules | None = None) -> Complaint | None:
    """Say what keeps a message from being a conventional commit.

    Args:
        message: the whole message.
        rules: when given, its types and scopes are asked for too.

    Returns:
        The first fault of the header, or None for a good message. Without `rules` that is so
        exactly when `parse` reads it.
    """
    blank = len(message) - len(message.lstrip())
    text = re.split(_NEWLINE, message.strip(), maxsplit=1)[0]
    fault = _fault(text) or (_unknown(text, rules) if rules else None)
    if fault is None:
        return None
    if not text:
        return Complaint(fault.problem, fault.fix, 1, 1, "")
    lines = re.split(_NEWLINE, message[:blank])
    whole = lines[-1] + text
    return Complaint(fault.problem, fault.fix, len(lines), len(lines[-1]) + fault.at + 1, whole)


def _fault(header: str) -> _Fault | None:
    letters = _LETTERS.match(header)
    at = letters.end() if letters else 0
    if at == 0:
        return _no_type(header)
    scoped = header.startswith("(", at)
    if scoped:
        closed = _SCOPE.match(header, at + 1)
        end = closed.end() if closed else at + 1
        if end == at + 1 or not header.startswith(")", end):
            return _bad_scope(header, at, end)
        at = end + 1
    bang = header.startswith("!", at)
    at += bang
    if not header.startswith(":", at):
        return _no_colon(header, at, scoped=scoped, bang=bang)
    return _bad_summary(header, at + 1)


def _no_type(header: str) -> _Fault:
    if not header:
        return _Fault(0, "the message is empty")
    if header[0] in _QUOTES:
        return _Fault(0, "the message starts with a quotation mark", "write it without the quotes")
    if header[0] in "(:!":
        return _Fault(0, f"the type is missing before {_name(header[0])}")
    return _Fault(0, f"a type is ASCII letters, and this is {_name(header[0])}")


def _bad_scope(header: str, opened: int, at: int) -> _Fault:
    if ")" not in header[at:]:
        return _Fault(opened, "the scope is never closed", "close it with ), or leave it out")
    if header[at] == ")":
        return _Fault(at, "the scope is empty", "name it, or leave the parentheses out")
    if header[at] == "(":
        return _Fault(at, "a scope holds no parenthesis", "take the inner ones out")
    return _Fault(at, "a scope holds no blank", "write - instead")


def _no_colon(header: str, at: int, *, scoped: bool, bang: bool) -> _Fault:
    rest = header[at:]
    if not rest or rest[0].isspace():
        sign = rest.lstrip()[:1]
        if sign and sign in ":(!":
            return _Fault(at, f"there is a blank before {_name(sign)}", "take the blank out")
        return _Fault(at, "the colon is missing")
    if rest[0] in "(!":
        return _repeated(rest[0], at, bang=bang)
    import unicodedata

    plain = unicodedata.normalize("NFKC", rest[0])
    if plain in (":", "(", "!"):
        return _Fault(at, f"this is {_name(rest[0])}, not a plain {plain}", f"write {plain}")
    if scoped or bang:
        return _Fault(at, f"a colon is missing here, before {_name(rest[0])}")
    return _Fault(at, f"a type is ASCII letters only, and this is {_name(rest[0])}")


def _repeated(sign: str, at: int, *, bang: bool) -> _Fault:
    if sign == "!":
        return _Fault(at, "there is more than one !", "one is enough")
    if bang:
        return _Fault(at, "the ! stands before the scope", "write TYPE(SCOPE)!: SUMMARY")
    return _Fault(at, "there is more than one scope", "keep one of them")


def _bad_summary(header: str, at: int) -> _Fault | None:
    rest = header[at:]
    if rest in ("", " "):
        return _Fault(len(header), "the summary is missing")
    if rest[0] == ":":
        return _Fault(at, "there is more than one colon", "write one colon and one blank")
    if rest[0] != " " and rest[0].isspace():
        return _Fault(at, f"this blank is {_name(rest[0])}", "write one plain blank")
    if rest[0] != " ":
        return _Fault(at, "the blank behind the colon is missing", "write one colon and one blank")
    if rest[1] == " ":
        return _Fault(at + 1, "there is more than one blank behind the colon", "write one blank")
    return None


def _unknown(header: str, rules: Rules) -> _Fault | None:
    found = parse(header)
    if found is None:  # only a header without faults comes here
        return None
    if found.type not in rules.types:
        known = sorted(rules.types)
        return _Fault(0, f"{found.type} is not a type here", _instead(found.type, known))
    if found.scope is not None and rules.scopes is not None and found.scope not in rules.scopes:
        from .carets import visible

        problem = f"{visible(found.scope)} is not a scope here"
        return _Fault(header.index("(") + 1, problem, _instead(found.scope, sorted(rules.scopes)))
    return None


def _instead(word: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{hint}cog.toml has: {', '.join(known) or 'none'}"


def _name(character: str) -> str:
    import unicodedata

    from .carets import visible

    if character == "\t":
        return "a tab"
    if " " < character < "\x7f":
        return character
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    shown = visible(character)
    return f"{shown} ({name})" if shown == character and not character.isspace() else name
