"""Whether manifests pin every image by its digest: pure, documents in, complaints out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_LATEST = re.compile(r":latest(@|$)")


def loose_images(manifests: Iterable[Any]) -> list[str]:
    """Return a line for each container whose image may be another one tomorrow.

    Args:
        manifests: documents as Helm renders them; what is no mapping is passed over.
    """
    return [
        f"{_name(manifest)}: {path}: {_verdict(image)}"
        for manifest in manifests
        if isinstance(manifest, dict)
        for path, image in _images(manifest, "")
        if _verdict(image)
    ]


def _verdict(image: Any) -> str:
    if not isinstance(image, str) or not image:
        return "no image"
    if _LATEST.search(image):
        return f"{image} says latest"
    return "" if _PINNED.fullmatch(image) else f"{image} is not pinned by a digest"


def _name(manifest: dict[str, Any]) -> str:
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{manifest.get('kind', 'a manifest')}/{name or '(no name)'}"


def _images(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield path and image of each container below, in pods, in what makes pods, and in lists."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _images(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}" if path else str(key)
            if key in _CONTAINERS and isinstance(item, list):
                for number, container in enumerate(item):
                    if isinstance(container, dict):
                        yield f"{below}[{number}].image", container.get("image")
            yield from _images(item, below)
