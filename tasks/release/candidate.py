"""The candidate's public tag: it comes last, when all its images stand in the registry."""

from __future__ import annotations

from ..images import pushed_images
from ..kernel import paths
from ..kernel.effects import Effect, Skip
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from . import refs


def want(world: World) -> refs.Tag | Skip:
    """Want the candidate's tag on its commit.

    Raises:
        SlipwayError: not every image of it was pushed; a tag must not stand for more than it
            proves.
    """
    version = world.json(paths.VERSION)
    if version["version"] is None:
        return Skip("nothing to release")
    later = {
        name
        for name in world.config.images
        if "skipped" in world.json(paths.receipt(f"push:{name}"))
    }
    missing = sorted(set(world.config.images) - set(pushed_images(world)) - later)
    if missing:
        raise SlipwayError(f"images of {version['version']} are not pushed: {', '.join(missing)}")
    return refs.Tag(
        version["tag"], version["commit"], "doit release takes the next number at the next commit"
    )


EFFECT = Effect("candidate", "source", want, refs.observe, refs.act, refs.claims, refs.means)
