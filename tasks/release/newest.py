"""The newest release that nobody has yanked: what `latest` goes back to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..forge import Forge, Yank, yanked_in
from ..images import VERSION_LABEL, repository_of
from ..kernel import paths
from ..kernel.world import World
from ..registry import open_registry
from ..version import tag_prefix, versions

_MOST = 20  # releases that are looked at, the newest first


def _good(world: World) -> list[tuple[str, str]]:
    """Return (tag, version) of the final tags that are not yanked, the newest first."""
    refs = world.sightings("source")
    prefix = tag_prefix(world, world.json(paths.HEAD)["commit"])
    tags = {
        ref.removeprefix("refs/tags/"): at
        for ref, at in refs.items()
        if ref.startswith(f"refs/tags/{prefix}")
    }
    bad = yanked_in(refs)
    return [
        (tag.name, str(tag.version))
        for tag in reversed(versions(tags, prefix))
        if tag.version.prerelease is None and tag.name not in bad
    ]


def releases(world: World, forge: Forge) -> Iterator[str]:
    """Yield the tags of published releases that are not yanked, the newest first."""
    for tag, _ in _good(world)[:_MOST]:
        found = forge.release(tag)
        if found and not found.draft:
            yield tag


def release(world: World, forge: Forge) -> str:
    """Return the newest of them; "" for none."""
    return next(releases(world, forge), "")


def tags_behind(world: World, yanked: Sequence[Yank]) -> list[tuple[str, str, str]]:
    """Return the moving tags that stand on a yanked release though there is a better one.

    Returns:
        (moving tag, repository, the digest that it should stand on) each.
    """
    registry, name = open_registry(world.config.registry, world.root), _moving(world)
    bad, found = {yank.version for yank in yanked}, []
    for image in world.config.images.values():
        where = repository_of(world.config, image)
        there = registry.resolve(where, name)
        if there is None:
            continue
        labels = registry.config(where, there).get("config", {}).get("Labels") or {}
        if labels.get(VERSION_LABEL) not in bad:
            continue
        digests = (registry.resolve(where, version) for _, version in _good(world)[:_MOST])
        if better := next(filter(None, digests), None):
            found.append((name, where, better))
    return found


def _moving(world: World) -> str:
    return world.config.release.moving.release


def move_tags(world: World, yanked: Sequence[Yank]) -> None:
    """Put the moving tags of all images back on the newest release that is not yanked."""
    registry = open_registry(world.config.registry, world.root)
    for name, where, digest in tags_behind(world, yanked):
        registry.move(where, name, digest)
