"""Server-side apply, as far as releases need it: pure, objects in, objects out."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

Object = dict[str, Any]
Path = tuple[str, ...]


class Conflict(Exception):
    """Another manager has a field, with another value."""


def applied(
    now: Object, told: Object, manager: str, managed: Mapping[str, Object], *, force: bool
) -> Object:
    """Return an object after an apply: what the manager no longer tells is removed.

    Args:
        now: as it is; empty for a new one.
        told: by this manager, all that it wants.
        manager: its name.
        managed: what each manager has told before.
        force: whether fields of others are taken over.

    Raises:
        Conflict: one of them is another's.
    """
    result = deepcopy(now)
    wanted = dict(leaves(told))
    others = {
        path: name for name, one in managed.items() if name != manager for path, _ in leaves(one)
    }
    for path, value in wanted.items():
        if path in others and path not in _SHARED and _at(now, path) != value and not force:
            raise Conflict(f'conflict with "{others[path]}": .{".".join(path)}')
    for path, _ in leaves(managed.get(manager, {})):
        if path not in wanted and path not in others:
            _remove(result, path)
    for path, value in wanted.items():
        _put(result, path, value)
    return result


_SHARED = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


def leaves(value: Object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every field with its path; a list is one field."""
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield from leaves(item, (*path, key))
        else:
            yield (*path, key), item


def coded(told: Object) -> Object:
    """Return a Secret as it is stored: `stringData` can only be written."""
    if told.get("kind") != "Secret":
        return told
    plain = told.pop("stringData", None) or {}
    more = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
    data = {**(told.get("data") or {}), **more}
    return {**told, **({"data": data} if data else {}), "type": told.get("type", "Opaque")}


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _put(value: Object, path: Path, item: Any) -> None:
    for key in path[:-1]:
        inner = value.get(key)
        if not isinstance(inner, dict):
            inner = value[key] = {}
        value = inner
    value[path[-1]] = deepcopy(item)


def _remove(value: Object, path: Path) -> None:
    """Remove a field, and what is empty without it."""
    inner = value.get(path[0])
    if len(path) > 1:
        if isinstance(inner, dict):
            _remove(inner, path[1:])
            if not inner:
                del value[path[0]]
    else:
        value.pop(path[0], None)
