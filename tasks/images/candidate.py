"""The candidate's images: `image:*` builds them, `push:*` puts them into the registry."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from ..build import binary_content
from ..forge import approved_by, rules_of
from ..kernel import paths
from ..kernel.config import Image
from ..kernel.effects import Effect, Foreseen, Seen, Skip, killed_here
from ..kernel.receipts import UpToDate
from ..kernel.world import UNKNOWN, Forecast, World
from ..registry import TagTaken
from . import moving, tagging
from .context import Recipe, assemble, repository_of

NOTHING = "nothing to release"


def _recipe(world: World, image: Image) -> Recipe | None:
    version = world.json(paths.VERSION)
    if version["version"] is None:
        return None
    sha256 = world.json(paths.BINARY)["sha256"] if image.binary else None
    return Recipe(image, version["commit"], version["version"], image.dockerfile_candidate, sha256)


def _fact(recipe: Recipe, digest: str, layers: list[str]) -> dict[str, Any]:
    return {
        "image": recipe.image.name,
        "version": recipe.version,
        "commit": recipe.commit,
        "binary": recipe.binary_sha256,
        "key": recipe.key,
        "digest": digest,
        "layers": layers,
    }


def build_image(image: Image, world: World) -> str:
    """Build the candidate's image into a layout and write its fact."""
    recipe = _recipe(world, image)
    if recipe is None:
        world.write_json(paths.image(image.name), {"skipped": NOTHING})
        return NOTHING
    binary = world.config.binary
    content = binary_content(world, binary) if image.binary and binary else None
    env = world.read(paths.app(image.app)) if image.app else None
    output = world.path(paths.image_layout(image.name))
    built = assemble(world, recipe, output, f"image:{image.name}", content, env)
    world.write_json(
        paths.image(image.name),
        _fact(recipe, built.digest, [layer.digest for layer in built.layers]),
    )
    return f"{recipe.version}  {built.digest[:19]}…  {built.size / 1000:.0f} kB"


def foresee_image(image: Image, world: Forecast) -> Foreseen:
    """Foresee a build: equal inputs are taken to give the same digest; others one unknown yet."""
    recipe = _recipe(world, image)
    if recipe is None:
        world.write_json(paths.image(image.name), {"skipped": NOTHING})
        return Foreseen(NOTHING)
    known = world.json_or(paths.image(image.name), {})
    sure = recipe.binary_sha256 != UNKNOWN
    if not sure or known.get("key") != recipe.key:
        world.write_json(paths.image(image.name), _fact(recipe, UNKNOWN, []))
    return Foreseen(f"{recipe.version} of {recipe.commit[:7]}")


class Layout(UpToDate):
    """`uptodate` of `image:*`: the layout that its fact tells of is still there.

    Args:
        name: the image's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return what of the layout is gone."""
        fact = world.json_or(paths.image(self.name), {"skipped": NOTHING})
        if "skipped" in fact or fact["digest"] == UNKNOWN:
            return []
        layout = paths.image_layout(self.name)
        return [
            f"{layout}/{part} is gone"
            for part in ("index.json", "blobs")
            if not world.exists(f"{layout}/{part}")
        ]


def want(image: Image, world: World) -> tagging.Tagged | Skip:
    """Want the built image under the candidate's version, and `edge`."""
    fact = world.json(paths.image(image.name))
    if "skipped" in fact:
        return Skip(NOTHING)
    recipe = Recipe(
        image, fact["commit"], fact["version"], image.dockerfile_candidate, fact["binary"]
    )
    if image.name not in _promoted(world, recipe.version, [image.name]):
        return Skip(f"it joins with the next candidate: {recipe.version} was promoted without it")
    where = repository_of(world.config, image)
    return tagging.Tagged(recipe, where, fact["digest"], world.config.release.moving.candidate)


def _promoted(world: World, candidate: str, otherwise: Collection[str]) -> Collection[str]:
    """Return the images that a candidate was promoted with; once it is, no other joins."""
    ours = rules_of(world).proofs.get(candidate)
    images = approved_by(world.mirror("source"), ours[-1]).images if ours else {}
    return images or otherwise


def observe(world: World, wanted: tagging.Tagged) -> Seen:
    """Ask the registry; what a release was made from is adopted, whatever is configured today.

    Raises:
        TagTaken: another image stands there, and nothing was released from it.
    """
    try:
        return tagging.observe(world, wanted)
    except TagTaken:
        if not _is_released(world, wanted.recipe):
            raise
        return tagging.adopted(world, wanted)


def _is_released(world: World, recipe: Recipe) -> bool:
    tag = world.json_or(paths.VERSION, {}).get("tag", "").removesuffix(recipe.version)
    core = recipe.version.partition("-")[0]
    return world.sightings("source").get(f"refs/tags/{tag}{core}") == recipe.commit


def push(world: World, wanted: tagging.Tagged, _seen: Seen) -> str:
    """Push what is missing; an image that is there already with our key is left as it is."""
    registry = tagging.registry_of(world)
    version, where = wanted.recipe.version, wanted.repository
    new: tuple[str, ...] = ()
    there = registry.resolve(where, version)
    if there is None:
        layout = world.path(paths.image_layout(wanted.recipe.image.name))
        pushed = registry.push(where, layout, version)
        there, new = pushed.digest, pushed.new_blobs
    killed_here(f"push:{wanted.recipe.image.name}:tagged")
    moved = moving.move(registry, where, wanted.moving, version, there)
    blobs = f"{len(new)} blob{'' if len(new) == 1 else 's'} new"
    return f"{version}  {blobs}{f', {wanted.moving} moved' if moved else ''}"


def push_effect(image: Image) -> Effect[tagging.Tagged]:
    """Return the effect `push:NAME`."""
    return tagging.effect(f"push:{image.name}", partial(want, image), push, observe)


def pushed_images(world: World) -> dict[str, dict[str, str]]:
    """Return what the candidate's pushes left: image → repository and digest in the registry."""
    found = {}
    for name in world.config.images:
        receipt = world.json(paths.receipt(f"push:{name}"))
        if "digest" in receipt:
            found[name] = {
                "repository": receipt["repository"],
                "digest": receipt["digest"],
                "binary": receipt["binary"] or "",
            }
    return found
