"""The promotion: a branch, candidate plus changelog, and one draft pull request for a human."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..forge import STANDING, NewPull, Pull, candidate_of, connect, mark, marked, trailers
from ..images import pushed_images
from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Effect, Seen, Skip
from ..kernel.receipts import Claims
from ..kernel.templates import render
from ..kernel.world import UNKNOWN, World
from ..version import is_newer

_BOT = ("Slipway", "slipway@localhost")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A promotion that should stand: open for a human to merge, or merged already.

    Attributes:
        version: the fact `version`.
        images: image → repository and digest.
        changelog: the whole file.
        section: the new part of it.
    """

    version: dict[str, Any]
    images: dict[str, dict[str, str]]
    changelog: bytes
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
    section = (world.read(paths.SECTION) or b"").decode("utf-8", "replace")
    return Wanted(version, pushed_images(world), world.read(paths.CHANGELOG) or b"", section)


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
    if pull is None:
        return Seen(False, "no pull request is open", {"pull": UNKNOWN})
    there = marked(pull.body)
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
    draft = " (draft)" if pull.draft else ""
    return Seen(True, f"{pull.where}{draft} is open", {"pull": pull.number})


def _fetch(world: World) -> None:
    """Have the promotion branch as it stands now in our mirror; somebody may have pushed to it."""
    where = remotes.address(world, world.config.remotes.source)
    remotes.mirror(world, "source", where, remotes.ls(where))


def _commit(world: World, wanted: Wanted) -> str:
    """Make the promotion's commit in our mirror; the same facts always make the same commit."""
    version = wanted.version
    base = version["commit"]
    date = g.text("log", "-1", "--format=%ct +0000", base, "--", repo=world.mirror("source"))
    message = (
        f"chore(release): {version['core']}\n\n"
        f"Merging this publishes {version['core']}, built from {base[:12]}.\n\n"
        + trailers(version["version"], version["core"], base)
    )
    files = {world.config.release.changelog: wanted.changelog}
    return remotes.commit_files(world, "source", base, files, message, g.identity(*_BOT, date))


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Push the branch, then open the pull request or take over the one that is open."""
    config, forge = world.config, connect(world)
    where = remotes.address(world, config.remotes.source)
    ref = f"refs/heads/{config.promotion.branch}"
    commit = _commit(world, wanted)
    standing = remotes.ls(where).get(ref, "")
    if standing != commit:
        remotes.push(world, "source", where, ref, commit, standing)
    title, body = _title(world, wanted), _body(world, wanted)
    pull = _open(world)
    if pull is None:
        new = NewPull(
            title,
            body,
            config.promotion.branch,
            config.remotes.source.branch,
            config.promotion.labels,
        )
        pull = forge.open_pull(new)
        return f"{pull.where} (draft): {config.release.changelog}"
    before = marked(pull.body)
    pull = forge.update_pull(pull.number, title, body, config.promotion.labels)
    if before and before != wanted.candidate:
        forge.comment(
            pull.number, f"{wanted.candidate} takes over from {before}.\n\n{wanted.section}"
        )
        return f"{pull.where}: {wanted.candidate} takes over from {before}"
    return f"{pull.where} made whole again"


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


def claims(wanted: Wanted, _seen: Seen) -> Claims:
    """Claim that somebody can decide: it stays true when the promotion is merged or taken over."""
    return {"forge": {f"promotion:{wanted.candidate}": STANDING}}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"a draft pull request that promotes {wanted.candidate}"


EFFECT = Effect("promote", "forge", want, observe, act, claims, means)
