"""`approve:release`: a human says yes to exactly what is shown."""

from __future__ import annotations

from ..changelog import section_of
from ..forge import Approved, Pull, approved_by, connect, named_below, proven, strange_files
from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.asking import who_and_why
from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import printable
from ..kernel.templates import render
from ..kernel.world import World
from ..registry import open_registry
from ..version import is_newer
from .settings import refuse_other_settings


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
    if not (pull.head and proven(world, pull)):
        raise Failed(
            f"the branch of {pull.where} does not hold a promotion that Slipway made",
            fix="doit release makes the pull request whole again",
        )
    _refuse_unfit(world, pull)
    return pull


def _ours(world: World, pull: Pull) -> tuple[str, tuple[str, str, str], Approved]:
    """Return our own commit on a promotion's branch: its id, what it names, what it stands for."""
    mirror, ours = world.mirror("source"), proven(world, pull)
    told = named_below(mirror, ours)
    assert told  # every commit of ours does  # noqa: S101
    return ours, told, approved_by(mirror, ours)


def _refuse_unfit(world: World, pull: Pull) -> None:
    """Refuse what was answered already, what the branch dropped, and what nobody has looked at.

    Raises:
        Failed: with the reason, and what makes it right.
    """
    mirror, base = world.mirror("source"), world.json(paths.HEAD)
    _, (candidate, version, commit), approved = _ours(world, pull)
    merged = world.json(paths.MERGED)["promotion"]
    if merged and not is_newer(candidate, merged["candidate"]):
        raise Failed(
            f"{candidate} was merged before, as {merged['merge'][:7]}: nothing waits",
            where=pull.where,
            fix=f"doit release publishes {version} if it is not public yet",
        )
    if not remotes.is_ancestor(mirror, commit, base["commit"]):
        raise Failed(
            f"{candidate} was built from {commit[:7]}, which {base['branch']} does not hold",
            where=pull.where,
            fix="close the pull request: what was dropped would come back with it",
        )
    refuse_other_settings(world, approved)
    registry = open_registry(world.config.registry, world.root)
    for name, at in sorted(approved.images.items()):
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
    _, (candidate, version, commit), approved = _ours(world, pull)
    changelog = remotes.files_at(mirror, pull.head, config.release.changelog) or b""
    return render(
        "promotion/approve.txt.j2",
        pull=pull,
        candidate=candidate,
        version=version,
        commit=commit,
        subject=g.text("log", "-1", "--format=%s", commit, "--", repo=mirror),
        section=section_of(changelog.decode("utf-8", "replace"), version),
        images={name: at.partition("@")[2] for name, at in approved.images.items()},
        checks=sorted(config.candidate_checks),
        judged=world.json_or(paths.VERSION, {}).get("commit") == commit,
    )


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
    by, why = who_and_why(
        by,
        why,
        command="doit approve:release",
        reason="Why is it right to release this? ",
        question="Release it",
    )
    merge = _merge(world, pull, by, why)
    if merge is None:
        print(f"\n{pull.where} was merged by somebody else just now.\nnext     doit release")
        return ""
    journal.effect("approve:release", f"merge {pull.where} at {pull.head[:7]}, by {by}: {why}")
    told = f"\nApproved by {by}: {pull.where} is merged as {merge[:7]}.\nnext     doit release"
    print(printable(told))
    return ""
