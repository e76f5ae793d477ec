"""What every rendered manifest must keep: pure, documents in, violations out.

An image is named by its digest and never by `latest`, so that it is the same one tomorrow; a
container has limits, so that it takes no neighbour along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .manifests import flat

# A pod's debug containers are put into it while it runs; Kubernetes takes no limits for them.
_LIMITED = ("containers", "initContainers")
_CONTAINERS = (*_LIMITED, "ephemeralContainers")
_IMAGES = ("image", "imageName")
_PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_LATEST = re.compile(r":latest(@|$)")
_FIXED = ("cpu", "memory")  # one of them will do: many leave the other out on purpose


def violations(manifests: Iterable[Any]) -> list[str]:
    """Return a line for each rule that is broken: `KIND/NAME: PATH: what is wrong`.

    A kind that others have made up names images in fields of its own (`imageName`, `spec.image`),
    and patches containers that its operator makes: there an image may be left out, and so may the
    limits be, but none may be named otherwise than by its digest.

    Args:
        manifests: documents as Helm renders them; what is no mapping is passed over.
    """
    return [
        f"{_name(one)}: {path}: {wrong}" for one in flat(manifests) for path, wrong in _broken(one)
    ]


def _broken(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    foreign = str(one.get("apiVersion") or "").partition("/")[0].count(".") and not _is_known(one)
    for key, at, container in _containers(one, ""):
        patch = bool(foreign) and not container.get("image")
        if not patch:
            yield from _against(key, at, container)
    if foreign:
        yield from _elsewhere(one.get("spec"), "spec")


def _is_known(one: Mapping[str, Any]) -> bool:
    """Say whether a kind is Kubernetes' own."""
    group = str(one.get("apiVersion") or "").partition("/")[0]
    return group.endswith(".k8s.io") and not group.endswith(".x-k8s.io")


def _elsewhere(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with images that stand in no container."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _elsewhere(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}"
            if key in _IMAGES and isinstance(item, str) and item:
                if wrong := _image(item):
                    yield below, wrong
            elif key not in _CONTAINERS:
                yield from _elsewhere(item, below)


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
