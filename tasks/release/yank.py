"""`release:yank`: a human withdraws a published release; nothing of it is deleted.

A ref that nobody can set twice says who and why. Everything else follows from it, here at once, or
in the next `doit release` when this run is killed in between.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from ..forge import AFTERWARDS, Release, Yank, connect, marked, yank_message, yank_of, yank_ref
from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.asking import or_variable, who_and_why
from ..kernel.effects import carry_out, killed_here
from ..kernel.errors import Failed, WrongUsage
from ..kernel.redact import printable
from ..kernel.world import World
from ..version import tag_prefix, versions
from . import newest, withdraw

_COMMAND = "doit release:yank"


def _asked_for(version: str) -> str:
    """Return the version that was named, by the option or as `version=`.

    Raises:
        WrongUsage: none was.
    """
    found = or_variable(version, "version")
    if not found:
        raise WrongUsage(
            "which release is to be yanked must be said",
            fix=f'{_COMMAND} --version=X.Y.Z --by=NAME --why="TEXT"',
        )
    return found


def _release(world: World, named: str) -> tuple[str, str, Release]:
    """Return tag, version and page of a published release.

    Args:
        world: whose sightings of the source.
        named: its version, or its tag.

    Raises:
        Failed: there is none, or nobody has seen it yet.
    """
    prefix = tag_prefix(world, world.json(paths.HEAD)["commit"])
    tags = {
        ref.removeprefix("refs/tags/"): at
        for ref, at in world.sightings("source").items()
        if ref.startswith("refs/tags/")
    }
    finals = [tag for tag in versions(tags, prefix) if tag.version.prerelease is None]
    found = [tag for tag in finals if named in (tag.name, str(tag.version))]
    if not found:
        _refuse_unreleased(world, named, {str(tag.version) for tag in finals})
        newest_ones = ", ".join(str(tag.version) for tag in reversed(finals[-5:]))
        raise Failed(
            f"{named} is no release",
            where="the source's tags",
            fix=f"the newest are {newest_ones}" if newest_ones else "nothing was released yet",
        )
    tag = found[-1]
    release = connect(world).release(tag.name)
    if release is None or release.draft:
        raise Failed(
            f"{tag.version} is not published" + (": it is a draft" if release else ""),
            where=release.where if release else "the forge",
            fix="doit release publishes it; what is public can be yanked",
        )
    return tag.name, str(tag.version), release


def _refuse_unreleased(world: World, named: str, released: Collection[str]) -> None:
    """Refuse what is on its way to a release, with what can be done about it.

    Raises:
        Failed: it is the merged promotion, or the candidate that waits.
    """
    merged = world.json_or(paths.MERGED, {}).get("promotion") or {}
    on_its_way = merged.get("version") not in released
    if on_its_way and named in (merged.get("version"), merged.get("candidate")):
        raise Failed(
            f"{merged['version']} is merged, and not published yet",
            where="the source's tags",
            fix="doit release publishes it; what is public can be yanked",
        )
    waiting = [
        pull
        for pull in connect(world).pulls(world.config.promotion.branch)
        if pull.state == "open"
        and (candidate := marked(pull.body))
        and named in (candidate, candidate.partition("-")[0])
    ]
    if waiting:
        raise Failed(
            f"{named} is a candidate that waits",
            where=waiting[0].where,
            fix="doit candidate:drop says no to it",
        )


def _shown(world: World, tag: str, version: str, release: Release) -> str:
    """Return what yanking would do, for a person to read."""
    forge, config = connect(world), world.config
    lines = [f"{version} would be yanked; nothing is deleted, and it cannot be taken back here:"]
    lines.append(f"  the source   {yank_ref(tag)} says who and why")
    lines.append(f"  its page     {release.where} says so, above its notes")
    if forge.latest() == tag:
        after = next((name for name in newest.releases(world, forge) if name != tag), "")
        lines.append(f"  latest       {after or 'stays: there is no other release'}")
    moving = config.release.moving.release
    lines.append(f"  images       `{moving}` goes back to the release before it, where it stands")
    if config.chart:
        lines.append("  the chart    is offered it no more; an open pull request with it is closed")
    if config.environments:
        lines.append("  environments get it no more; one that runs it is left as it is")
    lines.append(f"{AFTERWARDS[0].upper()}{AFTERWARDS[1:]}.")
    return "\n".join(lines) + "\n"


def _set(world: World, tag: str, version: str, by: str, why: str) -> Yank:
    """Set the ref, unless somebody else was quicker; return what stands."""
    date = f"{int(datetime.now(UTC).timestamp())} +0000"
    who = g.identity(by, "yanked@localhost", date)
    commit = remotes.commit_files(world, "source", "", {}, yank_message(version, by, why), who)
    where, ref = remotes.address(world, world.config.remotes.source), yank_ref(tag)
    try:
        remotes.push(world, "source", where, ref, commit, "")
        journal.effect("release:yank", f"yank {version}, by {by}: {why}")
    except remotes.RefTaken:
        pass  # said below, in the words of whoever it was
    return _seen(world, tag)


def _seen(world: World, tag: str) -> Yank:
    """Look again at the source, and return how the release is yanked."""
    where = remotes.address(world, world.config.remotes.source)
    refs = remotes.ls(where)
    remotes.mirror(world, "source", where, refs)
    world.see("source", refs)
    found = yank_of(world, tag)
    assert found  # the ref was set, or is taken  # noqa: S101
    return found


def yank(world: World, version: str = "", by: str = "", why: str = "") -> str:
    """Show what would be withdrawn, ask, and withdraw it.

    Raises:
        WrongUsage: no version was named, or nobody can be asked.
        Failed: there is no such release; or the person said no.
    """
    tag, version, release = _release(world, _asked_for(version))
    done = yank_of(world, tag)
    if done is None:
        print(printable(_shown(world, tag, version, release)))
        by, why = who_and_why(
            or_variable(by, "by"),
            or_variable(why, "why"),
            command=f"{_COMMAND} --version={version}",
            reason="Why is it not to be used? ",
            question=f"Yank {version}",
        )
        done = _set(world, tag, version, by, why)
        killed_here("release:yank:set")
    said = carry_out(withdraw.EFFECT, world)
    print(printable(f"{version} is {done.spoken}\n{said}\n{AFTERWARDS}"))
    return ""
