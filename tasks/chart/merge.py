"""The effect `chart:merge`: our pull request merged by its labels, and which chart that makes."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any

from ..forge import Pull, connect
from ..kernel import git as g
from ..kernel import paths
from ..kernel.effects import Effect, Seen, Skipped
from ..kernel.errors import Failed, SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from . import builds, propose
from .proposal import holds, is_open, marked, pulls, shows, standing
from .release import Content, Release, named
from .remote import REMOTE, Charts, ask

TASK = "chart:merge"
_BY = "Slipway"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A release that should be in the chart; None, and why, when there is nothing to take in."""

    release: Release | None
    why: str = ""


def want(world: World) -> Wanted:
    """Want the proposed release in the chart."""
    proposed = world.json(paths.receipt(propose.TASK))
    if "skipped" in proposed:
        return Wanted(None, proposed["skipped"])
    return Wanted(Release(proposed["version"], proposed["commit"], proposed["images"]))


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask whether the chart has the release; else whether its pull request may be merged.

    Raises:
        Failed: the pull request may not be merged; with what it lacks.
        SlipwayError: there is none, or it does not merge.
    """
    release = wanted.release
    if release is None:
        return Seen(True, Skipped(wanted.why), {"skipped": wanted.why})
    charts = ask(world)
    there = standing(world, charts, release)
    if there.taken_in:
        return Seen(True, there.says, _facts(world, charts, release))
    facts = _unknown(release)
    if world.dry and not there.done:
        return Seen(False, "once its pull request is open", facts)
    pull = _mergeable(world, charts, release)
    return Seen(False, f"{pull.where} has its labels and touches {charts.told.path} alone", facts)


def _mergeable(world: World, charts: Charts, release: Release) -> Pull:
    """Return the pull request of a release, when it may be merged as it stands."""
    found = pulls(world)
    pull = is_open(found)
    if pull is None:
        raise _unanswered(found, release)
    if marked(pull) != release.version or not shows(world, charts, release, pull):
        raise SlipwayError(
            f"{pull.where} does not bring {release.version}",
            detail=[f"it says that it brings {marked(pull) or 'something else'}"],
            fix="look at it, then doit chart:merge",
        )
    lacks = [label for label in charts.told.labels if label not in pull.labels]
    if lacks:
        raise Failed(
            f"{pull.where} is not merged: it lacks the label {', '.join(lacks)}",
            where=world.config.remotes.charts.url,
            fix="set it, then doit chart:merge; or merge the pull request by hand",
        )
    if pull.draft:
        raise Failed(f"{pull.where} is not merged: it is a draft", fix="mark it as ready")
    if strange := charts.strange_files(pull.head):
        raise Failed(
            f"{pull.where} is not merged: it changes more than {charts.told.path}",
            detail=strange[:8],
            fix="look at it and merge it by hand, or take that out of its branch",
        )
    if charts.collides(pull.head):
        raise SlipwayError(
            f"{pull.where} no longer merges: {charts.branch} has changed the same files",
            fix="doit chart:merge makes it anew on top of them",
        )
    return pull


def _unanswered(found: list[Pull], release: Release) -> SlipwayError:
    for pull in found:
        if pull.state == "closed" and marked(pull) == release.version:
            return Failed(
                f"{pull.where} was closed by a human: {release.version} is not in the chart",
                fix="reopen it, or release something newer",
            )
    return SlipwayError(
        f"no pull request brings {release.version}", fix="doit chart:merge opens it anew"
    )


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Merge the pull request if its branch still stands where we looked.

    Raises:
        SlipwayError: it has moved meanwhile, or does not merge.
    """
    release = wanted.release
    if release is None:
        return wanted.why
    charts = ask(world)
    pull = _mergeable(world, charts, release)
    labels = ", ".join(charts.told.labels) or "no label asked for"
    why = f"labels: {labels}; touches {charts.told.path} alone"
    try:
        connect(world, REMOTE).merge_pull(pull.number, pull.head, _BY, why)
    except SlipwayError as error:
        raise SlipwayError(
            error.what,
            where=error.where,
            detail=error.detail,
            fix="doit chart:merge looks again; what people changed in it they have to solve",
        ) from None
    return f"{pull.where} merged: {charts.told.name} has {release.version}"


def _facts(world: World, charts: Charts, release: Release) -> dict[str, Any]:
    """Return what the chart is now.

    Raises:
        Failed: somebody has merged a candidate into it, and no environment may get that; or its
            images are not of one build, whoever put them there.
    """
    content = charts.content(charts.head)
    if content.is_candidate:
        raise Failed(
            f"the chart holds {content.app_version}, which is not released",
            where=f"{world.config.remotes.charts.url} ({charts.branch}) at {charts.head[:7]}",
            fix="take the merge of the candidate's pull request back, or release it",
        )
    told = {
        "wanted": release.version,
        "commit": charts.newest(),
        "tree": charts.tree(charts.head),
        "version": content.version,
        "app_version": content.app_version,
    }
    if holds(world, content, release):
        held: dict[str, Any] = {"source": release.commit, "images": release.images}
    else:  # somebody was quicker with a newer release
        held = _held(world, content)
    builds.refuse_chart(world, content, f"{content.at}:{content.told.path}", held["images"])
    return told | {"release": content.app_version, **held}


def _held(world: World, content: Content) -> dict[str, Any]:
    """Return what a chart holds that another run has filled."""
    from .bump import read_crumb

    prefix, images = world.config.registry.prefix, world.config.images
    repositories = {
        name: posixpath.join(prefix, images[name].repository) for name in content.told.images
    }
    crumbs = [
        read_crumb(content.values, path, name=content.values_name)
        for path in content.told.images.values()
    ]
    refs = {crumb.commit_ref for crumb in crumbs if crumb} - {""}
    return {
        "source": _in_full(world, refs.pop()) if len(refs) == 1 else "",
        "images": named(content, repositories),
    }


def _in_full(world: World, ref: str) -> str:
    """Return a commit of the source in full, when it is known here."""
    parse = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    return g.text(*parse, repo=world.mirror("source"), ok=(0, 1, 128)) or ref


def _unknown(release: Release) -> dict[str, Any]:
    """Return what the chart will be, for a plan: the merge's own commit has the hour in it."""
    return {
        "wanted": release.version,
        "commit": UNKNOWN,
        "tree": UNKNOWN,
        "version": UNKNOWN,
        "app_version": release.version,
        "release": release.version,
        "source": release.commit,
        "images": release.images,
    }


def claims(_wanted: Wanted, seen: Seen) -> Claims:
    """Claim the chart as it is, so that a person's change of it wakes what follows."""
    return {REMOTE: {"chart": seen.facts["tree"]}} if "tree" in seen.facts else {}


def leave(world: World, wanted: Wanted, seen: Seen) -> None:
    """Write down which chart it is that everything behind goes on from."""
    if wanted.release is None:
        world.write_json(paths.CHART, {"commit": None, "why": wanted.why})
        return
    fact = {name: value for name, value in seen.facts.items() if name != "wanted"}
    world.write_json(paths.CHART, fact)


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    release = wanted.release
    return f"merge the pull request that takes {release.version} in" if release else ""


EFFECT = Effect(TASK, REMOTE, want, observe, act, claims, means, leave)
