"""Publication: the final tag, then the release; both only after all else was read back as right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..forge import connect
from ..kernel import paths
from ..kernel.effects import Effect, Seen, Skip
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import World
from ..registry import open_registry
from . import refs


def _finals(world: World) -> dict[str, dict[str, str]]:
    """Return the final images: image → repository and digest."""
    receipts = {name: world.json(paths.receipt(f"final:{name}")) for name in world.config.images}
    return {
        name: {"repository": receipt["repository"], "digest": receipt["digest"]}
        for name, receipt in receipts.items()
        if "digest" in receipt
    }


def _need_all(world: World, draft: dict[str, Any]) -> None:
    """Refuse to release less than was approved; once the tag stands it is too late to ask.

    Raises:
        SlipwayError: an approved image is not in the pipeline any more.
    """
    missing = sorted(set(draft["images"]) - set(_finals(world)))
    if missing and f"refs/tags/{draft['tag']}" not in world.sightings("source"):
        raise SlipwayError(
            f"approved with {draft['version']}, but not in pipeline.yml: {', '.join(missing)}",
            fix="put them back until it is published",
        )


def want_tag(world: World) -> refs.Tag | Skip:
    """Want the final tag on the promoted commit, when all final images stand."""
    draft = world.json(paths.receipt("draft"))
    if "skipped" in draft:
        return Skip(draft["skipped"])
    _need_all(world, draft)
    return refs.Tag(
        draft["tag"], draft["commit"], "a released version never moves: promote a newer candidate"
    )


TAG = Effect("tag", "source", want_tag, refs.observe, refs.act, refs.claims, refs.means)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A release that should be published.

    Attributes:
        tag: its tag.
        version: without prefix.
        commit: what it is of.
        assets: name → SHA-256.
        images: image → repository and digest.
    """

    tag: str
    version: str
    commit: str
    assets: dict[str, str]
    images: dict[str, dict[str, str]]


def want(world: World) -> Wanted | Skip:
    """Want the release of the newest merged promotion published."""
    draft = world.json(paths.receipt("draft"))
    if "skipped" in draft:
        return Skip(draft["skipped"])
    return Wanted(draft["tag"], draft["version"], draft["commit"], draft["assets"], _finals(world))


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the forge whether the release is public."""
    facts: dict[str, Any] = {
        "tag": wanted.tag,
        "version": wanted.version,
        "commit": wanted.commit,
        "images": wanted.images,
    }
    release = connect(world).release(wanted.tag)
    if release is None:
        return Seen(False, f"there is no release {wanted.tag} yet", facts)
    return Seen(
        not release.draft, f"{wanted.tag} is {'a draft' if release.draft else 'published'}", facts
    )


def _read_back(world: World, wanted: Wanted) -> None:
    """Read everything back from the other side, byte by byte, before anybody sees it.

    Raises:
        SlipwayError: something there is not what we made.
    """
    forge, registry = connect(world), open_registry(world.config.registry, world.root)
    for name, sha256 in wanted.assets.items():
        found = hashlib.sha256(forge.asset(wanted.tag, name)).hexdigest()
        if found != sha256:
            raise SlipwayError(
                f"the asset {name} came back changed",
                where=f"release {wanted.tag}",
                detail=[f"there   {found}", f"wanted  {sha256}"],
                fix="delete the draft on the forge, then doit release",
            )
    for name, image in wanted.images.items():
        found = registry.resolve(image["repository"], wanted.version) or "nothing"
        if found != image["digest"]:
            raise SlipwayError(
                f"the image {name} came back changed",
                where=f"{image['repository']}:{wanted.version}",
                detail=[f"there   {found}", f"wanted  {image['digest']}"],
                fix="look who pushed it; versions never change once pushed",
            )


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Verify, then publish: from here on everybody sees it."""
    _read_back(world, wanted)
    connect(world).publish(wanted.tag)
    parts = [f"{len(wanted.images)} images", *sorted(wanted.assets), "notes"]
    return f"release {wanted.version}: {', '.join(parts)}; read back and verified"


def claims(wanted: Wanted, _seen: Seen) -> Claims:
    """Claim that it is public."""
    return {"forge": {f"release:{wanted.tag}": "published"}}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"publish release {wanted.tag}"


EFFECT = Effect("publish", "forge", want, observe, act, claims, means)
