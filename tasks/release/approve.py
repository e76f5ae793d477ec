"""`approve:release`: a human says yes to exactly what is shown."""

from __future__ import annotations

import sys

from ..changelog import section_of
from ..forge import Pull, approved_in, connect, named_below, strange_files
from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.errors import Failed, SlipwayError, WrongUsage
from ..kernel.redact import printable
from ..kernel.templates import render
from ..kernel.world import World
from ..registry import open_registry
from ..version import is_newer


def _waiting(world: World) -> Pull:
    """Return the pull request that waits.

    Raises:
        Failed: none does.
    """
    pulls = connect(world).pulls(world.config.promotion.branch)
    pull = next((pull for pull in pulls if pull.state == "open"), None)
    if pull is None:
        raise Failed(
            "no promotion waits for an approval",
            fix="doit release makes the next one, or says why there is none",
        )
    told = named_below(world.mirror("source"), pull.head) if pull.head else None
    if told is None:
        raise Failed(
            f"the branch of {pull.where} names no candidate",
            fix="doit release makes the pull request whole again",
        )
    _refuse_unfit(world, pull, told[0], told[2])
    return pull


def _refuse_unfit(world: World, pull: Pull, candidate: str, commit: str) -> None:
    """Refuse what was answered already, what the branch dropped, and what nobody has looked at.

    Raises:
        Failed: with the reason, and what makes it right.
    """
    mirror, base = world.mirror("source"), world.json(paths.HEAD)
    merged = world.json(paths.MERGED)["promotion"]
    if merged and not is_newer(candidate, merged["candidate"]):
        raise Failed(
            f"{candidate} was merged before, as {merged['merge'][:7]}",
            where=pull.where,
            fix="close the pull request; doit release makes the next one",
        )
    if not remotes.is_ancestor(mirror, commit, base["commit"]):
        raise Failed(
            f"{candidate} was built from {commit[:7]}, which {base['branch']} does not hold",
            where=pull.where,
            fix="close the pull request: what was dropped would come back with it",
        )
    registry = open_registry(world.config.registry, world.root)
    for name, at in sorted(approved_in(mirror, pull.head).images.items()):
        repository, _, digest = at.partition("@")
        there = registry.resolve(repository, candidate)
        if there != digest:
            raise Failed(
                f"the registry does not have {name} {candidate} as it was built",
                where=repository,
                detail=[f"there   {there or 'nothing'}", f"built   {digest}"],
                fix="doit release pushes again what is missing; look who moved a tag",
            )
    strange = strange_files(world, pull.head)
    if strange:
        raise Failed(
            "the branch changes more than a promotion may",
            where=pull.where,
            detail=strange[:20],
            fix="take these out of the branch, or reset it: doit release makes it anew",
        )


def _shown(world: World, pull: Pull) -> str:
    """Return what would be released, for a person to read."""
    mirror, config = world.mirror("source"), world.config
    told = named_below(mirror, pull.head)
    assert told  # `_waiting` has looked  # noqa: S101
    candidate, version, commit = told
    changelog = remotes.files_at(mirror, pull.head, config.release.changelog) or b""
    return render(
        "promotion/approve.txt.j2",
        pull=pull,
        candidate=candidate,
        version=version,
        commit=commit,
        subject=g.text("log", "-1", "--format=%s", commit, "--", repo=mirror),
        section=section_of(changelog.decode("utf-8", "replace"), version),
        images={
            name: at.partition("@")[2] for name, at in approved_in(mirror, pull.head).images.items()
        },
        checks=sorted(config.checks),
        judged=world.json_or(paths.VERSION, {}).get("commit") == commit,
    )


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _who_and_why(by: str, why: str) -> tuple[str, str]:
    """Return who approves and why, asking on a terminal for what was not said.

    Raises:
        WrongUsage: one of them is missing and there is nobody to ask.
        Failed: the person said no.
    """
    by, why = " ".join(by.split()), " ".join(why.split())
    if not (by and why):
        if not (sys.stdin and sys.stdin.isatty()):
            missing = " and ".join(
                name for name, said in (("--by", by), ("--why", why)) if not said
            )
            raise WrongUsage(
                f"{missing} must be said where nobody can be asked",
                fix='doit approve:release --by=NAME --why="TEXT"',
            )
        by = by or _ask("Who are you? ")
        why = why or _ask("Why is it right to release this? ")
        if not (by and why) or _ask(f"Release it, {by}? [y/N] ").lower() not in ("y", "yes"):
            raise Failed("not approved; nothing was changed", fix="doit approve:release asks again")
    if any(not char.isprintable() or char in "<>" for char in by):
        raise WrongUsage("--by has characters that no name has")
    return by, why


def _merge(world: World, pull: Pull, by: str, why: str) -> str | None:
    """Merge what was shown; None when somebody else has merged the very same meanwhile."""
    forge = connect(world)
    try:
        return forge.merge_pull(pull.number, pull.head, by, why)
    except SlipwayError:
        now = forge.pulls(world.config.promotion.branch)
        if any(p.number == pull.number and p.state == "merged" for p in now):
            return None
        raise


def approve(world: World, by: str = "", why: str = "") -> str:
    """Show what would be released, ask, and merge exactly that."""
    pull = _waiting(world)
    print(printable(_shown(world, pull)), end="")
    by, why = _who_and_why(by, why)
    merge = _merge(world, pull, by, why)
    if merge is None:
        print(f"\n{pull.where} was merged by somebody else just now.\nnext     doit release")
        return ""
    journal.effect("approve:release", f"merge {pull.where} at {pull.head[:7]}, by {by}: {why}")
    told = f"\nApproved by {by}: {pull.where} is merged as {merge[:7]}.\nnext     doit release"
    print(printable(told))
    return ""
