"""Rendered manifests as data, and what differs between two sets of them; secrets stay hidden."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..kernel import goyaml
from ..kernel.errors import Failed
from ..kernel.redact import MASK, names_secret, redact
from . import own_values

Manifest = dict[str, Any]
_AROUND = 3  # lines of context
_SECRET = ("data", "stringData")


def read(text: str, where: str) -> list[Manifest]:
    """Return rendered manifests, empty documents left out.

    Args:
        text: as Helm renders them.
        where: for messages.

    Raises:
        Failed: they are no YAML, or a document is no mapping.
    """
    import yaml

    try:
        found = [document for document in goyaml.documents(text) if document]
    except (yaml.YAMLError, ValueError) as error:
        raise Failed(
            f"the chart renders to what is no YAML: {error}".replace("\n", " "), where=where
        ) from None
    if any(not isinstance(document, dict) for document in found):
        raise Failed("the chart renders to a document that is no mapping", where=where)
    return found


def differences(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[str]:
    """Return the lines of a unified diff, manifest by manifest; empty when nothing differs.

    What a Secret holds, and variables whose names say that they hold one, are never shown; that
    one has changed is.
    """
    old, new = _by_name(before), _by_name(after)
    lines: list[str] = []
    for name in sorted({*old, *new}):
        pair = (old.get(name), new.get(name))
        then, now = _hidden(*pair)
        lines += difflib.unified_diff(
            _lines(then),
            _lines(now),
            f"runs/{name}" if pair[0] is not None else "/dev/null",
            f"new/{name}" if pair[1] is not None else "/dev/null",
            lineterm="",
            n=_AROUND,
        )
    return [redact(line) for line in lines]


def _by_name(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Return manifests by what tells them apart: version and kind, namespace, name."""
    found: dict[str, Manifest] = {}
    for one in flat(manifests):
        about = one.get("metadata")
        about = about if isinstance(about, dict) else {}
        kind = one.get("kind") or "a manifest"
        parts = [one.get("apiVersion"), kind, about.get("namespace"), about.get("name")]
        parts[3] = parts[3] or about.get("generateName") or "(no name)"
        name = "/".join(str(part) for part in parts if part)
        # Two that even Kubernetes takes for one: the later one is what it keeps, and both are told.
        again = 1 + sum(other == name or other.startswith(f"{name} (") for other in found)
        found[name if again == 1 else f"{name} ({again})"] = one
    return found


def flat(manifests: Iterable[Any]) -> Iterator[Manifest]:
    """Yield manifests, and in the place of a List what it holds; what is no mapping is left out."""
    for one in manifests:
        if not isinstance(one, dict):
            continue
        items = one.get("items")
        if one.get("kind") == "List" and isinstance(items, list):
            yield from flat(items)
        else:
            yield one


def _lines(manifest: Any) -> Sequence[str]:
    return own_values.written(manifest).splitlines() if manifest is not None else ()


def _hidden(before: Any, after: Any, secret: bool = False) -> tuple[Any, Any]:
    """Return two values with what is secret in them masked; different masks where they differ."""
    if isinstance(before, dict) or isinstance(after, dict):
        pairs = _both(before, after)
        masked = {
            key: _hidden(*pair, secret=secret or _is_secret(key, before, after))
            for key, pair in pairs.items()
        }
        return _halves(before, after, masked)
    if isinstance(before, list) or isinstance(after, list):
        old, new = before or [], after or []
        if not (isinstance(old, list) and isinstance(new, list)):
            return before, after
        return _lists(before, after, old, new, secret=secret)
    if not secret:
        return before, after
    changed = before is not None and after is not None and before != after
    return (
        before if before is None else MASK,
        after if after is None else f"{MASK} (another one)" if changed else MASK,
    )


def _lists(
    before: Any, after: Any, old: list[Any], new: list[Any], *, secret: bool
) -> tuple[Any, Any]:
    """Hide in two lists, whose items belong together by their names, or else by their places."""
    known = {_label(item, at): item for at, item in enumerate(new)}
    then = [_hidden(item, known.get(_label(item, at)), secret)[0] for at, item in enumerate(old)]
    known = {_label(item, at): item for at, item in enumerate(old)}
    now = [_hidden(known.get(_label(item, at)), item, secret)[1] for at, item in enumerate(new)]
    return (None if before is None else then), (None if after is None else now)


def _label(item: Any, at: int) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    return f"name {name}" if name else f"at {at}"


def _both(before: Any, after: Any) -> dict[Any, tuple[Any, Any]]:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    return {key: (old.get(key), new.get(key)) for key in {**old, **new}}


def _halves(before: Any, after: Any, masked: dict[Any, tuple[Any, Any]]) -> tuple[Any, Any]:
    then = {key: masked[key][0] for key in before} if isinstance(before, dict) else before
    now = {key: masked[key][1] for key in after} if isinstance(after, dict) else after
    return then, now


def _is_secret(key: Any, before: Any, after: Any) -> bool:
    """Say whether what stands under a key is secret: in a Secret, or in a variable named so."""
    for one in (before, after):
        if not isinstance(one, dict):
            continue
        if one.get("kind") == "Secret" and key in _SECRET:
            return True
        if key == "value" and isinstance(one.get("name"), str) and names_secret(one["name"]):
            return True
    return False
