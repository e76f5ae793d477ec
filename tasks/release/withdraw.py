"""`withdraw`: what a yanked release shows and offers outside follows the ref that says so.

Its page says it, the latest is another one again (on the forge, and the moving tag of the images),
the deployments know it too, and the pull request that would take it into the chart is closed.
Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..forge import (
    YANKED,
    Forge,
    Refused,
    Release,
    Yank,
    connect,
    yank_message,
    yank_ref,
    yanked_in,
    yanks,
)
from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.effects import Effect, Seen, Skip, killed_here
from ..kernel.receipts import ANY, Claims, UpToDate
from ..kernel.world import World
from . import newest

TASK = "withdraw"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Releases that should be told from those that anybody may use.

    Attributes:
        yanked: all that were yanked.
        declined: what the forge did not let us do in this run: the part → its words.
    """

    yanked: tuple[Yank, ...]
    declined: dict[str, str] = field(default_factory=dict)


def want(world: World) -> Wanted | Skip:
    """Want every yanked release marked."""
    found = tuple(yanks(world))
    return Wanted(found) if found else Skip("nothing is yanked")


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the forge, the registry, the charts and the deployments what is still as it was."""
    facts: dict[str, Any] = {"yanked": {yank.tag: yank.commit for yank in wanted.yanked}}
    facts["noted"] = bool(world.config.environments)
    if wanted.declined:
        facts["declined"] = list(wanted.declined)
    parts = [part for part in _pages(world, wanted) if part not in wanted.declined]
    parts += [f"`{name}` of {where}" for name, where, _ in newest.tags_behind(world, wanted.yanked)]
    parts += [f"a note for the deployments on {yank.version}" for yank in _unnoted(world, wanted)]
    parts += [what for yank in wanted.yanked for what in _offers(world, yank)]
    says = f"to do: {'; '.join(parts)}" if parts else _in_words(wanted)
    return Seen(not parts, says, facts)


def _in_words(wanted: Wanted) -> str:
    names = ", ".join(yank.version for yank in wanted.yanked)
    if wanted.declined:
        refused = "; ".join(f"{part} ({no})" for part, no in wanted.declined.items())
        return f"{names}: yanked, but the forge does not take {refused}"
    return f"yanked and marked: {names}"


def _pages(world: World, wanted: Wanted) -> list[str]:
    """Return what the forge still shows as if nothing had happened."""
    forge = connect(world)
    parts = [_page(yank) for yank in wanted.yanked if _unmarked(forge, yank)]
    good = _to_be_latest(world, forge, wanted)
    return [*parts, _latest(good)] if good else parts


def _page(yank: Yank) -> str:
    return f"the page of {yank.version}"


def _latest(tag: str) -> str:
    return f"{tag} as the latest release"


def _unmarked(forge: Forge, yank: Yank) -> Release | None:
    """Return the published release whose page does not tell of the yank yet."""
    release = forge.release(yank.tag)
    return release if release and not release.draft and not yank.is_on(release) else None


def _to_be_latest(world: World, forge: Forge, wanted: Wanted) -> str:
    """Return the release that should be shown instead of a yanked one; "" when none should."""
    bad = {yank.tag for yank in wanted.yanked}
    return newest.release(world, forge) if forge.latest() in bad else ""


def _unnoted(world: World, wanted: Wanted) -> list[Yank]:
    """Return what the deployments remote does not know of yet."""
    if not world.config.environments:
        return []
    refs = remotes.ls(remotes.address(world, world.config.remotes.deployments))
    known = yanked_in(refs)
    return [yank for yank in wanted.yanked if yank.tag not in known]


def _offers(world: World, yank: Yank) -> list[str]:
    """Return the open pull request that would take a yanked release into the chart."""
    if world.config.chart is None:
        return []
    from ..chart import offer_of

    pull = offer_of(world, yank.version)
    return [f"closing {pull.where} on the charts"] if pull else []


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Do what is still to be done; what stops others from using it comes first."""
    for yank in _unnoted(world, wanted):
        _note(world, yank)
    killed_here(f"{TASK}:noted")
    for yank in wanted.yanked:
        _close_offer(world, yank)
    killed_here(f"{TASK}:closed")
    newest.move_tags(world, wanted.yanked)
    killed_here(f"{TASK}:moved")
    _mark_pages(world, wanted)
    return _in_words(wanted)


def _note(world: World, yank: Yank) -> None:
    """Say the same on the deployments remote, where promotions look."""
    where = remotes.address(world, world.config.remotes.deployments)
    remotes.mirror(world, "deployments", where, remotes.ls(where))
    message = yank_message(yank.version, yank.by, yank.why)
    who = g.identity("Slipway", "slipway@localhost", f"@{yank.at} +0000")
    commit = remotes.commit_files(world, "deployments", "", {}, message, who)
    try:
        remotes.push(world, "deployments", where, yank_ref(yank.tag), commit, "")
    except remotes.RefTaken:
        journal.say(f"somebody else has noted {yank.version} there")


def _close_offer(world: World, yank: Yank) -> None:
    if world.config.chart is None:
        return
    from ..chart import offer_of

    pull = offer_of(world, yank.version)
    if pull is None:
        return
    forge, text = connect(world, "charts"), f"{yank.mark}\n{yank.version} is {yank.spoken}\n"
    if not any(yank.mark in there for there in forge.comments(pull.number)):
        forge.comment(pull.number, text)
    forge.close_pull(pull.number)


def _mark_pages(world: World, wanted: Wanted) -> None:
    """Have the forge show it, each part by itself: one that it refuses keeps no other from it."""
    forge = connect(world)
    for yank in wanted.yanked:
        if release := _unmarked(forge, yank):
            with _told(wanted, _page(yank)):
                forge.retitle(yank.tag, *yank.words_for(release))
            killed_here(f"{TASK}:marked")
    if good := _to_be_latest(world, forge, wanted):
        with _told(wanted, _latest(good)):
            forge.make_latest(good)


@contextmanager
def _told(wanted: Wanted, part: str) -> Iterator[None]:
    """Take the forge's no for an answer: all stages go by the ref, its pages are for people."""
    try:
        yield
    except Refused as no:
        journal.say(f"the forge does not take {part}: {no}")
        wanted.declined[part] = no.what


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim the refs. The words on a page are read by people alone, and theirs to change."""
    refs = {yank_ref(yank.tag): yank.commit for yank in wanted.yanked}
    noted = {"deployments": dict.fromkeys(refs, ANY)} if seen.facts["noted"] else {}
    return {"source": refs, **noted}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"mark as yanked: {', '.join(yank.version for yank in wanted.yanked)}"


EFFECT = Effect(TASK, "forge", want, observe, act, claims, means)


class Changed(UpToDate):
    """`uptodate` of `withdraw`: what is yanked is what its receipt tells of."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return what was yanked since, or is no more."""
        known = world.json_or(paths.receipt(TASK), {}).get("yanked", {})
        now = yanked_in(world.sightings("source"))
        new = [f"{tag} was yanked" for tag in now if tag not in known]
        return new + [f"{tag} is not yanked any more" for tag in known if tag not in now]


class Withdrawn(UpToDate):
    """`uptodate` of `draft`: the release that it is about was not yanked since."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return that it was."""
        tag = world.json_or(paths.receipt("draft"), {}).get("tag")
        return [f"{tag} was yanked"] if f"{YANKED}{tag}" in world.sightings("source") else []
