"""`approve:release`: a human says yes to exactly what is shown."""

from __future__ import annotations

import sys

from ..changelog import section_of
from ..forge import Pull, candidate_of, connect, named_below
from ..images import repository_of
from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.errors import Failed, WrongUsage
from ..kernel.redact import printable
from ..kernel.templates import render
from ..kernel.world import World
from ..registry import open_registry


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
    if not candidate_of(world, pull):
        raise Failed(
            f"the branch of {pull.where} names no candidate",
            fix="doit release makes the pull request whole again",
        )
    return pull


def _shown(world: World, pull: Pull) -> str:
    """Return what would be released, for a person to read."""
    mirror, config = world.mirror("source"), world.config
    told = named_below(mirror, pull.head)
    assert told  # `_waiting` has looked  # noqa: S101
    candidate, version, commit = told
    changelog = remotes.files_at(mirror, pull.head, config.release.changelog) or b""
    registry = open_registry(config.registry, world.root)
    repositories = {name: repository_of(config, image) for name, image in config.images.items()}
    return render(
        "promotion/approve.txt.j2",
        pull=pull,
        candidate=candidate,
        version=version,
        commit=commit,
        subject=g.text("log", "-1", "--format=%s", commit, "--", repo=mirror),
        section=section_of(changelog.decode("utf-8", "replace"), version),
        images={
            name: registry.resolve(where, candidate) or "missing"
            for name, where in repositories.items()
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


def approve(world: World, by: str = "", why: str = "") -> str:
    """Show what would be released, ask, and merge exactly that."""
    pull = _waiting(world)
    print(printable(_shown(world, pull)), end="")
    by, why = _who_and_why(by, why)
    merge = connect(world).merge_pull(pull.number, pull.head, by, why)
    journal.effect("approve:release", f"merge {pull.where} at {pull.head[:7]}, by {by}: {why}")
    told = f"\nApproved by {by}: {pull.where} is merged as {merge[:7]}.\nnext     doit release"
    print(printable(told))
    return ""
