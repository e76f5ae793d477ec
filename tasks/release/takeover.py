"""A promotion that takes the place of an older one, or of what another tool has left there.

What is replaced is kept, and the pull request says in a comment what changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..forge import Approved, Forge, Pull, approved_by, named_below, parse_trailers, rules_of
from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.errors import SlipwayError
from ..kernel.templates import render
from ..kernel.world import World

_KEPT = "refs/slipway/kept/"
_MOST = 50  # commits that a comment lists


def refuse_foreign(world: World, standing: str, pull: Pull | None) -> None:
    """Refuse to replace what is on that branch and was not made by us.

    Args:
        world: whose pipeline.
        standing: where the promotion branch stands; "" when there is none.
        pull: the pull request that is open from it.

    Raises:
        SlipwayError: it holds commits of others and no promotion, and the pipeline does not say
            `promotion.take-over: true`.
    """
    told = world.config.promotion
    if told.take_over or not _is_foreign(world, standing):
        return
    of_whom = f", and {pull.where} is open from it: “{pull.title}”" if pull else ""
    raise SlipwayError(
        f"the branch {told.branch} is somebody's own work",
        where=world.config.remotes.source.url,
        detail=[f"it stands at {standing[:12]}, none of its commits is a promotion{of_whom}"],
        fix="promotion.take-over: true takes it over (what stands there is kept below"
        f" {_KEPT});\n  else rename that branch, or set promotion.branch in {world.config.file}",
    )


def _is_foreign(world: World, standing: str) -> bool:
    """Say whether a branch holds something that the released one does not, and no promotion."""
    mirror, main = world.mirror("source"), world.json(paths.HEAD)["commit"]
    if not standing or remotes.is_ancestor(mirror, standing, main):
        return False
    return named_below(mirror, standing) is None


def keep(world: World, standing: str) -> str:
    """Keep the commits of others that are about to be replaced; return the ref, "" for none."""
    mirror, main = world.mirror("source"), world.json(paths.HEAD)["commit"]
    if not standing or remotes.is_ancestor(mirror, standing, main):
        return ""
    message = g.git("log", "-1", "--format=%B", standing, "--", repo=mirror)
    if parse_trailers(message.decode(errors="replace")):
        return ""
    where, ref = remotes.address(world, world.config.remotes.source), f"{_KEPT}{standing[:12]}"
    if remotes.ls(where).get(ref) != standing:
        remotes.push(world, "source", where, ref, standing, "")
    return ref


def in_words(kept: str) -> str:
    """Return words about what was kept, for the end of a line."""
    return f" (what others had in it is kept at {kept})" if kept else ""


def say_once(forge: Forge, pull: Pull, text: str) -> None:
    """Add a comment, unless it stands there: a run may have been killed right behind it."""
    mark = text.partition("\n")[0]
    if not any(mark in there for there in forge.comments(pull.number)):
        forge.comment(pull.number, text)


def told_of(
    world: World,
    version: Mapping[str, Any],
    images: Mapping[str, Mapping[str, str]],
    before: str,
    kept: str,
) -> str:
    """Return the comment: what a newer candidate brings, against the one that stood there.

    Args:
        world: whose pipeline.
        version: the fact `version` of the newer one.
        images: the images of the newer one, image → repository and digest.
        before: the older candidate; "" when it was none of ours.
        kept: the ref under which commits of others were kept.
    """
    commit, approved = _older(world, before)
    section = (world.read(paths.SECTION) or b"").decode("utf-8", "replace")
    new, gone = _commits(world, commit, version["commit"])
    return render(
        "promotion/takeover.md.j2",
        candidate=version["version"],
        before=before,
        commit=version["commit"],
        new=new[:_MOST],
        more=len(new) - _MOST,
        gone=gone[:_MOST],
        images=_images(approved, images) if approved else [],
        kept=kept,
        section=section,
    )


def _older(world: World, candidate: str) -> tuple[str, Approved | None]:
    """Return which commit an older candidate is of, and what it stood for; as its proof says.

    Its branch may be ours already: a run was killed before it could say so.
    """
    mirror = world.mirror("source")
    for ours in reversed(rules_of(world).proofs.get(candidate, ())):
        told = named_below(mirror, ours)
        if told and told[0] == candidate:
            return told[2], approved_by(mirror, ours)
    return "", None


def _commits(world: World, older: str, newer: str) -> tuple[list[str], list[str]]:
    """Return the commits that came and those that went, newest first, a line each."""
    if not older:
        return [], []
    mirror, form = world.mirror("source"), "--format=%h %s"
    came = g.lines("log", form, "--no-show-signature", newer, f"^{older}", "--", repo=mirror)
    went = g.lines("log", form, "--no-show-signature", older, f"^{newer}", "--", repo=mirror)
    return came, went


def _images(before: Approved, now: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Return (image, digest then, digest now), "" for none; the same on both sides when kept."""
    then = {name: at.partition("@")[2] for name, at in before.images.items()}
    return [
        (name, then.get(name, ""), now[name]["digest"] if name in now else "")
        for name in sorted({*then, *now})
    ]
