"""The final images: built again from the promoted commit, with the binary of the draft."""

from __future__ import annotations

import hashlib
from functools import partial

from ..build import stamped_env
from ..forge import connect
from ..kernel import paths
from ..kernel.config import Image
from ..kernel.effects import Effect, Seen, Skip, killed_here
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..registry import TagTaken
from . import moving, tagging
from .context import Recipe, assemble, repository_of


def want(image: Image, world: World) -> tagging.Tagged | Skip:
    """Want the final image of the promoted commit, and `latest`."""
    draft = world.json(paths.receipt("draft"))
    if "skipped" in draft:
        return Skip(draft["skipped"])
    if image.name not in draft["images"]:
        return Skip(f"{image.name} is no part of {draft['version']}")
    sha256 = draft["binary"].get(image.binary) if image.binary else None
    recipe = Recipe(image, draft["commit"], draft["version"], image.dockerfile_release, sha256)
    where = repository_of(world.config, image)
    return tagging.Tagged(recipe, where, None, world.config.release.moving.release)


def _binary(world: World, recipe: Recipe) -> bytes | None:
    """Take the binary from the draft's asset, by checksum: what ships is what was tested."""
    if recipe.image.binary is None:
        return None
    tag = world.json(paths.receipt("draft"))["tag"]
    content = connect(world).asset(tag, recipe.image.binary)
    found = hashlib.sha256(content).hexdigest()
    if found != recipe.binary_sha256:
        raise SlipwayError(
            f"the asset {recipe.image.binary} is not the one that was attached",
            where=f"release {tag}",
            detail=[f"there   {found}", f"wanted  {recipe.binary_sha256}"],
            fix="delete the draft on the forge, then doit release",
        )
    return content


def observe(world: World, wanted: tagging.Tagged) -> Seen:
    """Ask the registry; what a public release stands on is adopted, whatever is configured today.

    Raises:
        TagTaken: another image stands there, and the release is not public yet.
    """
    try:
        return tagging.observe(world, wanted)
    except TagTaken:
        release = connect(world).release(world.json(paths.receipt("draft"))["tag"])
        if release is None or release.draft:
            raise
        return tagging.adopted(world, wanted)


def push(world: World, wanted: tagging.Tagged, _seen: Seen) -> str:
    """Build and push the image unless it is there; then let `latest` follow."""
    registry = tagging.registry_of(world)
    recipe, where = wanted.recipe, wanted.repository
    there = registry.resolve(where, recipe.version)
    if there is None:
        image = recipe.image
        app = world.config.apps[image.app] if image.app else None
        env = stamped_env(world, app, recipe.commit, recipe.version) if app else None
        layout = world.path(f"{paths.BUILD}/finals/{image.name}")
        assemble(world, recipe, layout, f"final:{image.name}", _binary(world, recipe), env)
        there = registry.push(where, layout, recipe.version).digest
    killed_here(f"final:{recipe.image.name}:tagged")
    moved = moving.move(registry, where, wanted.moving, recipe.version, there)
    return f"{recipe.version}  {there[:19]}…{f'  {wanted.moving} moved' if moved else ''}"


def effect(image: Image) -> Effect[tagging.Tagged]:
    """Return the effect `final:NAME`."""
    return tagging.effect(f"final:{image.name}", partial(want, image), push, observe)
