"""The promotion: a branch, candidate plus changelog, and one draft pull request for a human."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..changelog import prepended
from ..docs import docs_for
from ..forge import (
    STANDING,
    Approved,
    NewPull,
    Pull,
    candidate_of,
    collides,
    connect,
    mark,
    marked,
    proof_ref,
    proven,
    trailers,
)
from ..images import pushed_images
from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Effect, Seen, Skip
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.templates import render
from ..kernel.world import UNKNOWN, World
from ..version import is_newer
from .settings import settings_of
from .takeover import in_words, keep, refuse_foreign, say_once, told_of

_BOT = ("Slipway", "slipway@localhost")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A promotion that should stand: open for a human to merge, or merged already.

    Attributes:
        version: the fact `version`.
        images: image → repository and digest.
        section: the new part of the changelog.
    """

    version: dict[str, Any]
    images: dict[str, dict[str, str]]
    section: str

    @property
    def candidate(self) -> str:
        """The candidate's version."""
        return str(self.version["version"])


def want(world: World) -> Wanted | Skip:
    """Want a promotion of the candidate."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        return Skip("nothing to release")
    section = (world.read(paths.SECTION) or b"").decode("utf-8", "surrogateescape")
    return Wanted(version, pushed_images(world), section)


def _open(world: World) -> Pull | None:
    pulls = connect(world).pulls(world.config.promotion.branch)
    return next((pull for pull in pulls if pull.state == "open"), None)


def _answered(world: World, candidate: str) -> Pull | None:
    """Return the pull request by which a human has merged or closed this candidate."""
    for pull in connect(world).pulls(world.config.promotion.branch):
        if pull.state != "open" and marked(pull.body) == candidate:
            return pull
    return None


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the forge whether this candidate is open, merged or closed there."""
    merged = world.json(paths.MERGED)["promotion"]
    if merged and merged["candidate"] == wanted.candidate:
        return Seen(True, f"{wanted.candidate} is merged", {"pull": None})
    answered = _answered(world, wanted.candidate)
    if answered:
        return Seen(True, f"{answered.where} is {answered.state}", {"pull": answered.number})
    pull = _open(world)
    there = marked(pull.body) if pull else ""
    if not there:
        _fetch(world)
        refuse_foreign(world, _standing(world), pull)
    if pull is None:
        return Seen(False, "no pull request is open", {"pull": UNKNOWN})
    if there and is_newer(there, wanted.candidate):
        # Another machine was quicker with a later commit; a late run must not take it back.
        return Seen(True, f"{pull.where} stands for the newer {there}", {"pull": pull.number})
    if there != wanted.candidate:
        says = f"{pull.where} stands for {there or 'something else'}"
        return Seen(False, says, {"pull": pull.number})
    _fetch(world)
    if candidate_of(world, pull) != wanted.candidate:
        gone = "has lost its branch" if not pull.head else "does not show this candidate"
        return Seen(False, f"{pull.where} {gone}", {"pull": pull.number})
    if collides(world, pull.head):
        says = f"{pull.where} no longer merges: the changelog was changed on the branch below"
        return Seen(False, says, {"pull": pull.number})
    ours = proven(world, pull)
    if not ours:
        says = f"nothing proves that {pull.where} is ours"
        return Seen(False, says, {"pull": pull.number})
    if lacks := sorted(set(world.config.promotion.labels) - set(pull.labels)):
        # A run was killed between opening it and labelling it, or the labels are new.
        says = f"{pull.where} lacks the label {', '.join(lacks)}"
        return Seen(False, says, {"pull": pull.number})
    draft = " (draft)" if pull.draft else ""
    says = f"{pull.where}{draft} is open"
    return Seen(True, says, {"pull": pull.number, "proof": ours})


def _fetch(world: World) -> None:
    """Have the promotion branch as it stands now in our mirror; somebody may have pushed to it."""
    where = remotes.address(world, world.config.remotes.source)
    remotes.mirror(world, "source", where, remotes.ls(where))


def _standing(world: World) -> str:
    """Return where the promotion branch stands; "" when there is none."""
    where = remotes.address(world, world.config.remotes.source)
    return remotes.ls(where).get(f"refs/heads/{world.config.promotion.branch}", "")


def _base(world: World, wanted: Wanted) -> str:
    """Return the commit to stand on: the candidate's, unless the changelog went on since then."""
    commit, main = wanted.version["commit"], world.json(paths.HEAD)["commit"]
    return main if collides(world, commit) else str(commit)


def _binary(world: World, wanted: Wanted) -> dict[str, str]:
    """Return the binary that the candidate's images carry: name → SHA-256.

    Raises:
        SlipwayError: they carry different ones, so they are not of one build.
    """
    found = sorted({image["binary"] for image in wanted.images.values()} - {""})
    if len(found) > 1:
        raise SlipwayError(
            f"the images of {wanted.candidate} carry {len(found)} different binaries",
            detail=found,
            fix="push a commit: the next candidate is of one build",
        )
    binary = world.config.binary
    if not (binary and found):
        return {}
    return {binary.name: found[0], **_assets(world, wanted, found[0])}


def _assets(world: World, wanted: Wanted, sha256: str) -> dict[str, str]:
    """Return what the build that made the binary left besides, for the release: name → SHA-256.

    Raises:
        SlipwayError: this build gave another binary than the images have, so it is none of theirs.
    """
    binary = world.config.binary
    if binary is None or not binary.assets:
        return {}
    told = world.json(paths.BINARY)
    if told.get("sha256") != sha256:
        raise SlipwayError(
            f"nobody can tell which {', '.join(sorted(binary.assets))} belong to"
            f" {wanted.candidate}: its images carry another {binary.name} than was built here",
            where=world.config.where("binary"),
            detail=[f"images  {sha256}", f"here    {told.get('sha256', 'nothing')}"],
            fix="make the build reproducible, or push a commit: the next candidate is of one build",
        )
    return dict(told["assets"])


def _commit(world: World, wanted: Wanted) -> str:
    """Make the promotion's commit in our mirror; the same facts always make the same commit.

    Raises:
        SlipwayError: the changelog is no plain file.
    """
    version, mirror, file = wanted.version, world.mirror("source"), world.config.release.changelog
    commit, base = version["commit"], _base(world, wanted)
    date = g.text("log", "-1", "--format=%ct +0000", commit, "--", repo=mirror)
    images = {name: f"{at['repository']}@{at['digest']}" for name, at in wanted.images.items()}
    settings = {name: at for name, at in settings_of(world.config).items() if name in images}
    approved = Approved(images, _binary(world, wanted), settings)
    message = (
        f"chore(release): {version['core']}\n\n"
        f"Merging this publishes {version['core']}, built from {commit[:12]}.\n\n"
        + trailers(version["version"], version["core"], commit, approved)
    )
    before = (remotes.files_at(mirror, base, file) or b"").decode("utf-8", "surrogateescape")
    after = prepended(before, wanted.section, version["core"])
    files = docs_for(world, base) | {file: after.encode("utf-8", "surrogateescape")}
    who = g.identity(*_BOT, date)
    return remotes.commit_files(world, "source", base, files, message, who)


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Push the branch, then open the pull request or take over the one that is open.

    What others had on that branch is kept under a ref and told.
    """
    config, forge = world.config, connect(world)
    where = remotes.address(world, config.remotes.source)
    pull, standing = _open(world), _standing(world)
    # Somebody may have rewritten its text; the branch itself still says whose it is.
    before = (marked(pull.body) or candidate_of(world, pull)) if pull else ""
    refuse_foreign(world, standing, pull)
    commit, kept = _commit(world, wanted), keep(world, standing)
    _prove(world, wanted, commit)
    if standing != commit:
        ref = f"refs/heads/{config.promotion.branch}"
        remotes.push(world, "source", where, ref, commit, standing)
    title, body = _title(world, wanted), _body(world, wanted)
    base, branch = config.remotes.source.branch, config.promotion.branch
    if pull is None:
        pull = forge.open_pull(NewPull(title, body, branch, base, config.promotion.labels))
        told = [config.release.changelog, *([config.docs.site] if config.docs else [])]
        return f"{pull.where} (draft): {', '.join(told)}{in_words(kept)}"
    if before != wanted.candidate:
        # First the words, then the change: a run killed in between says them no second time.
        say_once(forge, pull, told_of(world, wanted.version, wanted.images, before, kept))
    pull = forge.update_pull(pull.number, title, body, config.promotion.labels)
    if before == wanted.candidate:
        return f"{pull.where} made whole again{in_words(kept)}"
    older = before or "what another tool had made"
    return f"{pull.where}: {wanted.candidate} takes over from {older}{in_words(kept)}"


def _prove(world: World, wanted: Wanted, commit: str) -> None:
    """Set the ref that tells our promotion from a message that only looks like one."""
    where = remotes.address(world, world.config.remotes.source)
    ref = proof_ref(wanted.candidate, commit)
    if remotes.ls(where).get(ref) != commit:
        remotes.push(world, "source", where, ref, commit, "")
    world.see("source", world.sightings("source") | {ref: commit})


def _title(world: World, wanted: Wanted) -> str:
    form = world.config.promotion.title
    return (
        form.replace("{version}", wanted.candidate)
        if form
        else f"chore(release): {wanted.version['core']}"
    )


def _body(world: World, wanted: Wanted) -> str:
    return render(
        "promotion/body.md.j2",
        mark=mark(wanted.candidate),
        version=wanted.version,
        images=wanted.images,
        section=wanted.section,
        project=world.config.project,
    )


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim that somebody can decide: it stays true when the promotion is merged or taken over."""
    told: Claims = {"forge": {f"promotion:{wanted.candidate}": STANDING}}
    if ours := seen.facts.get("proof"):
        told["source"] = {proof_ref(wanted.candidate, ours): ours}
    return told


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"a draft pull request that promotes {wanted.candidate}"


EFFECT = Effect("promote", "forge", want, observe, act, claims, means)
