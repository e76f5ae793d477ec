"""How a new value is written in the place of an old one: with the old one's quotes, or none."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from tasks.kernel.errors import SlipwayError

from .layout import Kind, Node, read

_STRING = "tag:yaml.org,2002:str"
# What YAML 1.2 and Go's reader take for something else than text and YAML 1.1 does not. The first
# is how a commit's short name becomes a number: 12e4567.
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+")
_OTHER = re.compile(r"[yYnN]")
# Cc: control characters, Cs: halves of pairs, Zl and Zp: separators that YAML 1.1 takes for breaks.
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


def written(value: str, old: Node, text: str) -> str:
    """Return the characters that replace a scalar's, so that it then has that value as text.

    Quotes are kept. A plain scalar stays plain, unless the value would then mean something else: it
    would end early, or become a number where there was text. It gets double quotes then.

    Raises:
        SlipwayError: the value has a line break or a control character in it.
    """
    if any(unicodedata.category(c) in _FORBIDDEN or c in "\ufeff\ufffe\uffff" for c in value):
        raise SlipwayError(f"{value!r} is no value for one line: it has control characters in it")
    if old.style == "'":
        return "'" + value.replace("'", "''") + "'"
    if old.style == '"' or not _stays_plain(value, old, text):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value


def meaning(plain: str) -> str:
    """Return the tag that a plain scalar is read with (a string's, an integer's, …)."""
    resolver: Any = Resolver()
    tag: str = resolver.resolve(ScalarNode, plain, (True, False))
    if tag == _STRING and (_NUMBER.fullmatch(plain) or _OTHER.fullmatch(plain)):
        return "a number or a truth value of YAML 1.2"
    return tag


def _stays_plain(value: str, old: Node, text: str) -> bool:
    means = meaning(value)
    if means != _STRING and (old.tag is not None or means != meaning(text[old.start : old.end])):
        return False
    try:
        sample = read(f"{{k: {value}}}\n" if old.flow else f"k: {value}\n", "")
    except SlipwayError:
        return False
    shape = [(kind, said) for kind, said, _, _ in sample.shape()]
    plain = not any(node.style or node.tag or node.anchor for node in sample.scalars)
    return plain and shape == [
        (Kind.MAPPING, ""),
        (Kind.SCALAR, "k"),
        (Kind.SCALAR, value),
        (None, ""),
    ]
