"""Variables, quotes and escapes in a word of a Dockerfile, by Docker's rules.

`$X ${X} ${X:-default} ${X:+other} ${X:?message}`, and these without the colon, which then look at
whether X is set rather than whether it is empty. No expansion inside single quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .problem import Place

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-+?]")


def substitute(word: str, variables: Mapping[str, str], escape: str, place: Place) -> str:
    """Return a word with its variables filled in and its quotes taken off.

    Args:
        word: as it stands in the file.
        variables: what is set; everything else is empty.
        escape: the file's escape character.
        place: for messages.

    Raises:
        SlipwayError: a quote or a brace is not closed, or `${X:?…}` finds X missing.
    """
    reader = _Reader(word, variables, escape, place)
    return reader.until("")


class _Reader:
    """Reads one word from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str, place: Place) -> None:
        self.text = text
        self.variables = variables
        self.escape = escape
        self.place = place
        self.position = 0

    def until(self, stop: str) -> str:
        """Read up to the character `stop`, which is passed over; up to the end when it is ""."""
        result = ""
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == stop:
                self.position += 1
                return result
            result += self._next(character)
        if stop:
            raise self._wrong(f"{stop} is missing")
        return result

    def _next(self, character: str) -> str:
        self.position += 1
        if character == "'":
            return self._single()
        if character == '"':
            return self._double()
        if character == "$":
            return self._variable()
        if character == self.escape:
            return self._take()
        return character

    def _take(self) -> str:
        taken = self.text[self.position : self.position + 1]
        self.position += 1
        return taken

    def _single(self) -> str:
        end = self.text.find("'", self.position)
        if end < 0:
            raise self._wrong("a closing ' is missing")
        inside, self.position = self.text[self.position : end], end + 1
        return inside

    def _double(self) -> str:
        result = ""
        while self.position < len(self.text):
            character = self._take()
            if character == '"':
                return result
            if character == "$":
                result += self._variable()
            elif character == self.escape:
                following = self._take()
                known = following in {'"', "$", self.escape}
                result += following if known else character + following
            else:
                result += character
        raise self._wrong('a closing " is missing')

    def _variable(self) -> str:
        braced = self.text.startswith("{", self.position)
        self.position += braced
        found = _NAME.match(self.text, self.position)
        if not found:
            if braced:
                raise self._wrong("this is no variable")
            return "$"
        name, self.position = found[0], found.end()
        if not braced:
            return self.variables.get(name, "")
        if operator := _OPERATOR.match(self.text, self.position):
            self.position = operator.end()
            return self._choose(name, operator[0], self.until("}"))
        if not self.text.startswith("}", self.position):
            raise self._wrong("this kind of ${…} is not known, or } is missing")
        self.position += 1
        return self.variables.get(name, "")

    def _choose(self, name: str, operator: str, other: str) -> str:
        value = self.variables.get(name)
        there = bool(value) if operator.startswith(":") else value is not None
        if operator.endswith("+"):
            return other if there else ""
        if there:
            return value or ""
        if operator.endswith("?"):
            raise self.place.error(f"{name} is not set: {other}", fix=f"give the argument {name}")
        return other

    def _wrong(self, what: str) -> Exception:
        return self.place.error(f"{what} in {self.text}", fix="correct the quotes and braces")
