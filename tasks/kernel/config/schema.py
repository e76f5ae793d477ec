"""The JSON Schema of `pipeline.yml`, for editors: found out by asking the readers themselves.

    python -m tasks.kernel.config.schema > docs/reference/pipeline.schema.json

At every place of the file something absurd is put, and what the readers say of it tells what they
expect there: which keys, a list, one of some words. So the schema can say nothing that the readers
do not; it says less, since what must agree between places is theirs alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from . import sections
from .document import Sheet, compose
from .readers import Spot

Path = tuple[str | int, ...]
Schema = dict[str, Any]

_WORD = "zzqqzz"  # a name, a variable, a label; and like no key there is
_FILE = "probe"
_DEEPEST = 8
_KEYS = re.compile(r"unknown key \(expected one of: (.*)\)")
_WORDS = re.compile(r"is unknown \(expected (.*)\)")
_NUMBER = re.compile(r"expected a whole number from (\d+) to (\d+)")
_DURATION = r"^[0-9]{1,9}[smh]$"


def schema() -> Schema:
    """Return the whole schema."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "pipeline.yml of Slipway",
        **_describe((), {}),
    }


def _said(path: Path, value: Any, beside: dict[str, str]) -> dict[str, list[str]]:
    """Return what the readers say of a file that holds one value: key → messages.

    Args:
        path: where it stands.
        value: plain data.
        beside: words that stand beside it, in the same mapping.
    """
    document = value
    for depth, step in enumerate(reversed(path)):
        siblings = beside if depth == 0 else {}
        document = [document] if isinstance(step, int) else {**siblings, step: document}
    sheet = Sheet(_FILE)
    root = compose(json.dumps(document).encode(), sheet)  # all JSON is YAML
    sections.pipeline(Spot(sheet, "", 1, root))
    found: dict[str, list[str]] = {}
    for _, text in sheet._mistakes:
        key, mark, message = text.partition(": ")[2].partition(": ")
        if mark:
            found.setdefault(key, []).append(message)
    return found


def _key(path: Path) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _refused(said: dict[str, list[str]], path: Path, kind: str) -> bool:
    return any(f", found {kind}" in message for message in said.get(_key(path), []))


def _describe(path: Path, beside: dict[str, str]) -> Schema:
    """Return the schema of one place."""
    mapping = _said(path, {_WORD: None}, beside)
    ways: list[Schema] = []
    if not path or not _refused(mapping, path, "a mapping"):
        ways.append(_mapping(path, beside, mapping))
    if path:
        listed = _said(path, [_WORD], beside)
        if not _refused(listed, path, "a list"):
            ways.append({"type": "array", "items": _describe((*path, 0), {})})
        scalar = _said(path, _WORD, beside)
        words = scalar.get(_key(path), [])
        if not _refused(scalar, path, "text") and "not one string" not in " ".join(words):
            expected = " ".join(mapping.get(_key(path), []))
            ways.append(_scalar(words, expected))
    return ways[0] if len(ways) == 1 else {"anyOf": ways}


def _scalar(words: Sequence[str], expected: str) -> Schema:
    """Return the schema of one word, from what is said of an absurd one and of a mapping."""
    said = " ".join(words)
    if known := _WORDS.search(said):
        return {"enum": re.split(r", | or ", known[1])}
    if known := _NUMBER.search(said):
        return {"type": "integer", "minimum": int(known[1]), "maximum": int(known[2])}
    if "expected true or false" in said:
        return {"type": "boolean"}
    if "is not a duration" in said:
        return {"type": "string", "pattern": _DURATION, "description": "30s, 5m or 1h"}
    # Where text is expected a number or a yes counts as it is written.
    told = re.search(r"expected (.*), found", expected)
    return {"type": ["string", "number", "boolean"]} | ({"description": told[1]} if told else {})


def _mapping(path: Path, beside: dict[str, str], said: dict[str, list[str]]) -> Schema:
    """Return the schema of a mapping: a record with known keys, or any names."""
    unknown = " ".join(said.get(_key((*path, _WORD)), []))
    known = _KEYS.search(unknown)
    if len(path) > _DEEPEST:
        return {"type": "object"}
    if known is None:
        item = _describe((*path, _WORD), {})
        return {"type": ["object", "null"], "additionalProperties": item}
    keys = known[1].split(", ")
    empty = _said(path, {}, beside)
    needed = [key for key in keys if _is_missing(empty, (*path, key))]
    properties = {key: _property((*path, key), _contexts(path, keys)) for key in keys}
    made: Schema = {"type": "object" if needed else ["object", "null"], "properties": properties}
    made["additionalProperties"] = False
    return made | ({"required": needed} if needed else {})


def _is_missing(said: dict[str, list[str]], path: Path) -> bool:
    return any(message.startswith("is missing") for message in said.get(_key(path), []))


def _contexts(path: Path, keys: Sequence[str]) -> list[dict[str, str]]:
    """Return what may have to stand beside a key before anybody reads it: `kind: local`."""
    found: list[dict[str, str]] = [{}]
    for key in keys:
        words = " ".join(_said((*path, key), _WORD, {}).get(_key((*path, key)), []))
        if known := _WORDS.search(words):
            found += [{key: word} for word in re.split(r", | or ", known[1])]
    return found


def _property(path: Path, contexts: Sequence[dict[str, str]]) -> Schema:
    """Return the schema of a key, in the first context in which somebody reads it."""
    for beside in contexts:
        if path[-1] in beside:
            continue
        said = [_said(path, value, beside) for value in ({_WORD: None}, [_WORD], _WORD)]
        kinds = ("a mapping", "a list", "text")
        read = any(_refused(each, path, kind) for each, kind in zip(said, kinds, strict=True))
        if read or any("not one string" in m for m in said[2].get(_key(path), [])):
            return _describe(path, beside)
    return {}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
