"""Names that move: `edge` follows the candidates, `latest` the releases; they never go back."""

from __future__ import annotations

from ..registry import Registry
from ..version import is_newer
from .context import VERSION


def may_move(registry: Registry, repository: str, name: str, version: str) -> bool:
    """Say whether a moving name should be set to this version: it is missing or at nothing newer.

    A run that is resumed late must not take `edge` back from a newer candidate of another machine.
    """
    there = registry.resolve(repository, name)
    if there is None:
        return True
    labels = registry.config(repository, there).get("config", {}).get("Labels") or {}
    standing = labels.get(VERSION, "")
    try:
        return not is_newer(standing, version)
    except ValueError:
        return True  # somebody else's image, or one without a version


def is_behind(registry: Registry, repository: str, name: str, version: str, digest: str) -> bool:
    """Say whether a moving name has still to be set: a kill may fall between a tag and its name."""
    there = registry.resolve(repository, name)
    return there != digest and may_move(registry, repository, name, version)


def move(registry: Registry, repository: str, name: str, version: str, digest: str) -> bool:
    """Set a moving name unless it stands at something newer; return whether it was set."""
    if not is_behind(registry, repository, name, version, digest):
        return False
    registry.move(repository, name, digest)
    return True
