"""Secrets and ConfigMaps in protobuf, as Helm writes its releases: bytes in, an object out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

FORM = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_ABOUT = {1: "name", 3: "namespace", 5: "uid", 6: "resourceVersion"}
_TEXTS = {11: "labels", 12: "annotations"}


def read(content: bytes) -> dict[str, Any]:
    """Return the object; its numbers are those of Kubernetes' generated.proto.

    Raises:
        ValueError: it is something else.
    """
    if not content.startswith(_MAGIC):
        raise ValueError("this is no protobuf of Kubernetes")
    outer = dict(_fields(content[len(_MAGIC) :]))
    named = {number: text.decode() for number, text in _fields(outer[1])}
    found: dict[str, Any] = {"apiVersion": named[1], "kind": named[2], "metadata": {}}
    if named[2] not in ("Secret", "ConfigMap"):
        raise ValueError(f"a {named[2]} in protobuf is not known here")
    for number, value in _fields(outer[2]):
        if number == 1:
            found["metadata"] = _about(value)
        elif number == 2:
            key, item = _entry(value)
            text = base64.b64encode(item).decode() if named[2] == "Secret" else item.decode()
            found.setdefault("data", {})[key] = text
        elif number == 3 and named[2] == "Secret":
            found["type"] = value.decode()
        else:
            raise ValueError(f"field {number} of a {named[2]} is not known here")
    return found


def _about(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(content):
        if number in _ABOUT and value:
            found[_ABOUT[number]] = value.decode()
        elif number in _TEXTS:
            key, item = _entry(value)
            found.setdefault(_TEXTS[number], {})[key] = item.decode()
    return found


def _entry(content: bytes) -> tuple[str, bytes]:
    pair = dict(_fields(content))
    return pair[1].decode(), pair.get(2, b"")


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every field with its number; those that are numbers themselves are left out."""
    at = 0
    while at < len(content):
        tag, at = _number(content, at)
        if tag & 7 == 0:
            _, at = _number(content, at)
        elif tag & 7 == 2:
            size, at = _number(content, at)
            yield tag >> 3, content[at : at + size]
            at += size
        else:
            raise ValueError(f"the wire type {tag & 7} is not known here")


def _number(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
