"""How an instruction's text is taken apart: words, JSON lists, and name=value pairs."""

from __future__ import annotations

import json

from .problem import Place


def json_list(text: str) -> list[str] | None:
    """Return the words of the JSON form, None when `text` is not a JSON list of strings.

    Docker takes a list that is not quite JSON for a shell command, without a word; so do we, as the
    image would differ otherwise.
    """
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def plain(text: str) -> list[str]:
    """Return the words of a COPY-like instruction: its JSON form, or split at blanks.

    Quotes do not hold words together here, as with Docker: names with blanks need the JSON form.
    """
    words = json_list(text)
    return text.split() if words is None else words


def quoted(text: str, escape: str) -> list[str]:
    """Split at blanks outside of quotes; quotes and escapes stay in the words."""
    words: list[str] = []
    word, quote, position = "", "", 0
    while position < len(text):
        character = text[position]
        if character == escape and quote != "'" and position + 1 < len(text):
            word += character + text[position + 1]
            position += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character.isspace():
            words += [word] if word else []
            word, position = "", position + 1
            continue
        word += character
        position += 1
    return words + ([word] if word else [])


def pairs(text: str, escape: str, place: Place) -> list[tuple[str, str]]:
    """Return the pairs of ENV and LABEL, with quotes still in them.

    Both forms: `a=1 b="2 3"`, and the old `a 2 3`.

    Raises:
        SlipwayError: the text is neither.
    """
    words = quoted(text, escape)
    if not words:
        raise place.error("a name and a value are missing", fix="write NAME=VALUE")
    if "=" not in words[0]:
        value = text.strip()[len(words[0]) :].strip()
        if not value:
            raise place.error(f"{words[0]} has no value", fix="write NAME=VALUE")
        return [(words[0], value)]
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise place.error(f"{word} has no name and value", fix="write NAME=VALUE")
        found.append((name, value))
    return found
