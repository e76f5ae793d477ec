"""The `forge` observer: the newest merged promotion, and whether what we claimed still stands."""

from __future__ import annotations

from typing import Any

from ..kernel import git as g
from ..kernel import paths
from ..kernel.receipts import claimed
from ..kernel.world import World
from .connect import connect
from .port import Forge, Pull, asset_claim
from .promotions import Rules, marked, merged_promotion, named_below, proofs_in, proven_below
from .scope import collides

# Not a claim: how far the history was searched, so that an idle run does not search again.
_SCANNED = "scanned up to"
STANDING = "standing"


def newest_promotion(world: World) -> dict[str, Any] | None:
    """Return the newest merged promotion at the head of this run, as plain data."""
    head = world.json(paths.HEAD)["commit"]
    known = world.json_or(paths.MERGED, None)
    scanned = world.sightings("forge").get(_SCANNED, "")
    if known is not None and scanned == head:
        found: dict[str, Any] | None = known["promotion"]
        return found
    mirror = world.mirror("source")
    still = known is not None and scanned and _stands_on(world, scanned, head)
    newer = merged_promotion(mirror, head, rules_of(world), scanned if still else "")
    if newer:
        return newer.plain()
    return known["promotion"] if still else None


def rules_of(world: World) -> Rules:
    """Return by what merged promotions are told; the proofs are those that `source` saw."""
    told = world.config
    proofs = proofs_in(world.sightings("source"))
    return Rules(proofs, told.promotion.files, told.release.changelog)


def proven(world: World, pull: Pull) -> str:
    """Return our own commit that a promotion's branch stands on; "" for none."""
    told = candidate_of(world, pull)
    ours = rules_of(world).proofs.get(told, ())
    return proven_below(world.mirror("source"), pull.head, ours) if told else ""


def _stands_on(world: World, older: str, newer: str) -> bool:
    return (
        g.returncode("merge-base", "--is-ancestor", older, newer, repo=world.mirror("source")) == 0
    )


def candidate_of(world: World, pull: Pull) -> str:
    """Return the candidate that a pull request's branch stands for; "" when it is no promotion.

    People may commit on top of ours (to mend a word in the changelog), so the newest commit that
    names one counts. Also "" when the branch moved on since this run looked: whoever asks has to
    look again.
    """
    if not pull.head:
        return ""
    told = named_below(world.mirror("source"), pull.head)
    return told[0] if told else ""


def _standing(world: World, forge: Forge, merged: dict[str, Any] | None, candidate: str) -> bool:
    """Say whether a candidate's promotion is merged, open with its branch, or answered by a human.

    It stays true when a newer candidate takes the pull request over: the claim is that somebody
    can decide.
    """
    from ..version import is_newer

    if merged and not is_newer(candidate, merged["candidate"]):
        return True
    branch = world.config.promotion.branch
    for pull in forge.pulls(branch):
        if pull.state == "closed" and marked(pull.body) == candidate:
            return True  # a human said no; asking again would not be an answer to that
        if pull.state == "open" and (there := candidate_of(world, pull)):
            return not is_newer(candidate, there) and not collides(world, pull.head)
    return False


def observe(world: World) -> str:
    """Write the newest merged promotion, and what stands of what receipts claim on the forge."""
    forge = connect(world)
    promotion = newest_promotion(world)
    seen: dict[str, str] = {}
    for name in claimed(world, "forge"):
        kind, _, what = name.partition(":")
        if kind == "promotion":
            if _standing(world, forge, promotion, what):
                seen[name] = STANDING
        elif release := forge.release(what):
            if kind == "assets":
                seen[name] = asset_claim(release.assets)
            elif not release.draft:
                seen[name] = "published"
    world.write_json(paths.MERGED, {"promotion": promotion})
    world.see("forge", seen | {_SCANNED: world.json(paths.HEAD)["commit"]})
    if not promotion:
        return "no promotion was merged yet"
    return f"newest merged promotion: {promotion['version']} from {promotion['commit'][:7]}"
