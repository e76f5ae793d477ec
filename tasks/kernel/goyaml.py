"""YAML as Helm and kubectl read it: what Go takes for a number or a truth value, so do we.

PyYAML alone would read other things (`22:22` as a number in base 60, `1e3` and `y` as texts, dates
as dates). Pure.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import yaml

from .bounds import Endless, added, refuse_depth

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAG = "tag:yaml.org,2002:"
_RESOLVED = (
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    (
        "bool",
        r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        "yYnNtTfFoO",
    ),
    ("int", r"[-+]?(0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
)  # fmt: skip
_MOST = 1_000_000  # values that aliases add; a chart of everything has some thousand
# What no reader of YAML takes as it stands, or takes for the end of a line.
_ODD = "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


@cache
def loader() -> Any:
    """Return a class for `yaml.load` that resolves plain scalars as Helm does.

    It is made when it is first needed: its expressions take as long to compile as a hundred of our
    modules to import, and most commands read no manifest.
    """

    class Loader(_LOADER):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
        bool_values = {**_LOADER.bool_values, "y": True, "n": False}  # noqa: RUF012

    for name, form, first in _RESOLVED:
        Loader.add_implicit_resolver(
            f"{TAG}{name}",
            re.compile(f"(?:{form})\\Z"),
            ["" if letter == "\0" else letter for letter in first],
        )
    return Loader


def documents(text: str) -> list[Any]:
    """Return the documents of a text; keys are texts, as in the JSON that Go makes of them.

    Raises:
        yaml.YAMLError: it is none, has a key that JSON cannot have, is nested too deeply, or grows
            beyond measure by its aliases, which Go refuses as well.
    """
    refuse_depth(text)
    reader = loader()(text)
    found = []
    try:
        while reader.check_node():
            node = reader.get_node()
            if "*" in text:
                _refuse_bomb(node)
            found.append(_with_texts(reader.construct_document(node)))
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    finally:
        reader.dispose()
    return found


def _refuse_bomb(document: yaml.Node) -> None:
    """Refuse a document whose aliases stand for very many values, or for what they stand in.

    Raises:
        yaml.YAMLError: it is such a one.
    """
    try:
        too_much = added(document) > _MOST
    except Endless as error:
        line = error.node.start_mark.line + 1
        raise yaml.YAMLError(f"what begins in line {line} contains itself by an alias") from None
    if too_much:
        raise yaml.YAMLError(f"its aliases stand for more than {_MOST} values")


def written(value: Any) -> str:
    """Return a value as one line of JSON that every reader of YAML understands alike.

    Raises:
        ValueError: JSON has no such value, as for a number that is none.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return re.sub(_ODD, lambda found: f"\\u{ord(found[0]):04x}", text)


def _with_texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_texts(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): _with_texts(item) for key, item in value.items()}
    return value


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, (bool, int)):
        return json.dumps(key)
    if isinstance(key, float):
        return f"{key:g}" if key != int(key) else str(int(key))
    raise yaml.YAMLError(f"{key!r} cannot be a key")
