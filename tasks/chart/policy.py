"""What every rendered manifest must keep: pure, documents in, violations out.

An image is named by its digest and never by `latest`, so that it is the same one tomorrow; a
container has limits, so that it takes no neighbour along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# A pod's debug containers are put into it while it runs; Kubernetes takes no limits for them.
_LIMITED = ("containers", "initContainers")
_CONTAINERS = (*_LIMITED, "ephemeralContainers")
_PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_LATEST = re.compile(r":latest(@|$)")
_FIXED = ("cpu", "memory")  # one of them will do: many leave the other out on purpose


def violations(manifests: Iterable[Any]) -> list[str]:
    """Return a line for each rule that a container breaks: `KIND/NAME: PATH: what is wrong`.

    Args:
        manifests: documents as Helm renders them; what is no mapping is passed over.
    """
    return [
        f"{_name(one)}: {path}: {wrong}"
        for manifest in manifests
        for one in _flat(manifest)
        for key, at, container in _containers(one, "")
        for path, wrong in _against(key, at, container)
    ]


def _flat(manifest: Any) -> Iterator[dict[str, Any]]:
    """Yield a manifest, or what a List holds."""
    if not isinstance(manifest, dict):
        return
    items = manifest.get("items")
    if manifest.get("kind") == "List" and isinstance(items, list):
        for item in items:
            yield from _flat(item)
    else:
        yield manifest


def _against(key: str, at: str, container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if wrong := _image(container.get("image")):
        yield f"{at}.image", wrong
    if key in _LIMITED and (wrong := _limits(container.get("resources"))):
        yield f"{at}.resources.limits", wrong


def _image(image: Any) -> str:
    if not isinstance(image, str) or not image:
        return "no image"
    if _LATEST.search(image):
        return f"{image} says latest"
    return "" if _PINNED.fullmatch(image) else f"{image} is not pinned by a digest"


def _limits(resources: Any) -> str:
    limits = resources.get("limits") if isinstance(resources, dict) else None
    given = isinstance(limits, dict) and any(limits.get(name) for name in _FIXED)
    return "" if given else "no limit of cpu or memory"


def _name(manifest: Mapping[str, Any]) -> str:
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{manifest.get('kind', 'a manifest')}/{name or '(no name)'}"


def _containers(value: Any, path: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield key, path and value of each container below, in pods and in what makes pods."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _containers(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}" if path else str(key)
            if key in _CONTAINERS and isinstance(item, list):
                for number, container in enumerate(item):
                    if isinstance(container, dict):
                        yield key, f"{below}[{number}]", container
            yield from _containers(item, below)
