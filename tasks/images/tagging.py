"""What both effects on the registry share: a version's fixed tag, and a name that moves along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kernel.effects import Effect, Seen, Skip
from ..kernel.receipts import ANY, Claims
from ..kernel.world import UNKNOWN, World
from ..registry import Registry, TagTaken, open_registry
from . import moving
from .context import BINARY, KEY, REVISION, Recipe


@dataclass(frozen=True, slots=True)
class Tagged:
    """An image that should stand in the registry.

    Attributes:
        recipe: what it is made from; its key says whether an image there is ours.
        repository: where.
        digest: of what we have built; None when nothing is built yet.
        moving: the name that moves along.
    """

    recipe: Recipe
    repository: str
    digest: str | None
    moving: str


def registry_of(world: World) -> Registry:
    """Return the registry of this pipeline."""
    return open_registry(world.config.registry, world.root)


def _labels(registry: Registry, repository: str, digest: str) -> dict[str, str]:
    labels: dict[str, str] = (
        registry.config(repository, digest).get("config", {}).get("Labels") or {}
    )
    return labels


def _binary(recipe: Recipe, labels: Mapping[str, str]) -> str | None:
    """Return which binary an image carries; a label of its base says nothing of it."""
    return labels.get(BINARY) if recipe.image.binary else None


def observe(world: World, wanted: Tagged) -> Seen:
    """Ask the registry for the version's tag and the moving name.

    Raises:
        TagTaken: the tag stands on an image made from something else.
    """
    registry, recipe = registry_of(world), wanted.recipe
    there = registry.resolve(wanted.repository, recipe.version)
    name = f"{wanted.repository}:{recipe.version}"
    facts: dict[str, Any] = {"image": recipe.image.name, "repository": wanted.repository}
    if there is None:
        facts |= {"digest": wanted.digest or UNKNOWN, "binary": recipe.binary_sha256}
        return Seen(False, f"{name} is not there", facts)
    labels = _labels(registry, wanted.repository, there)
    if there != wanted.digest and labels.get(KEY) != recipe.key:
        raise TagTaken(
            f"the registry has {recipe.version} with another image",
            where=wanted.repository,
            detail=[
                f"there   {there}  built from {labels.get(REVISION, 'an unknown commit')[:12]}",
                f"here    {wanted.digest or '(not built)'}  built from {recipe.commit[:12]}",
            ],
            fix="versions never change once pushed: put its settings in pipeline.yml back, or"
            " commit something to its inputs, which takes the next number",
        )
    facts |= {"digest": there, "binary": _binary(recipe, labels)}
    if moving.is_behind(registry, wanted.repository, wanted.moving, recipe.version, there):
        return Seen(False, f"{name} is there, {wanted.moving} is behind", facts)
    return Seen(True, f"{name} is there, {there[:19]}…", facts)


def claims(wanted: Tagged, seen: Seen) -> Claims:
    """Claim the tag at its digest, and that the moving name stands somewhere."""
    where = wanted.repository
    return {
        "registry": {
            f"{where}:{wanted.recipe.version}": seen.facts["digest"],
            f"{where}:{wanted.moving}": ANY,
        }
    }


def effect(
    task: str,
    want: Callable[[World], Tagged | Skip],
    act: Callable[[World, Tagged, Seen], str],
    look: Callable[[World, Tagged], Seen] | None = None,
) -> Effect[Tagged]:
    """Return an effect on the registry; what both have in common stands here."""
    return Effect(task, "registry", want, look or observe, act, claims, means)


def adopted(world: World, wanted: Tagged) -> Seen:
    """Take what stands under the version's tag as it is."""
    registry, where = registry_of(world), wanted.repository
    there = registry.resolve(where, wanted.recipe.version)
    facts = {"image": wanted.recipe.image.name, "repository": where, "digest": there}
    facts["binary"] = _binary(wanted.recipe, _labels(registry, where, there or ""))
    return Seen(True, f"{where}:{wanted.recipe.version} is released as it is", facts)


def means(wanted: Tagged) -> str:
    """Say what it changes."""
    return f"push {wanted.repository}:{wanted.recipe.version} and {wanted.moving}"
