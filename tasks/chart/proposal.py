"""The pull request that takes a release into the chart: what stands of it on the forge."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..forge import Pull, connect
from ..kernel.world import World
from ..version import is_newer
from .modules import of_source
from .release import Content, Release, carries
from .remote import REMOTE, TRAILER, Charts, branch_of, repository_of


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a release is in the chart, or on its way.

    Attributes:
        done: it is, or a human or a newer release has decided otherwise.
        says: in words.
        pull: number of the pull request that brings or brought it; None when there is none.
        taken_in: the branch itself has it, or a newer one.
    """

    done: bool
    says: str
    pull: int | None
    taken_in: bool = False


def mark(version: str) -> str:
    """Return the line that tells, inside a pull request's text, which release it brings."""
    return f"<!-- {TRAILER}: {version} -->"


def marked(pull: Pull) -> str:
    """Return the release that a pull request says it brings; "" when it says none."""
    found = re.search(rf"<!-- {TRAILER}: (\S+) -->", pull.body)
    return found[1] if found else ""


def pulls(world: World, *, final: bool = True) -> list[Pull]:
    """Return the pull requests from our branch into the one that is followed, newest first.

    Args:
        world: whose pipeline.
        final: those of releases, else those of candidates.
    """
    base = world.config.remotes.charts.branch
    found = connect(world, REMOTE).pulls(branch_of(world, final=final))
    return [pull for pull in found if pull.base == base]


def is_open(found: list[Pull]) -> Pull | None:
    """Return the one that is open."""
    return next((pull for pull in found if pull.state == "open"), None)


def newer(one: str, other: str) -> bool:
    """Say whether a version comes after another one; a person's own word comes after none."""
    try:
        return is_newer(one, other)
    except ValueError:
        return False


def standing(world: World, charts: Charts, release: Release) -> Standing:
    """Say what stands of a release in the charts remote and on its forge.

    Args:
        world: whose pipeline.
        charts: the remote as it was just asked.
        release: what is wanted.

    Raises:
        SlipwayError: the chart cannot be read, or the forge says no.
    """
    found = pulls(world, final=release.final)
    ours = next((pull for pull in found if marked(pull) == release.version), None)
    number = ours.number if ours else None
    content = charts.content(charts.head)
    if holds(world, content, release):
        return Standing(True, f"the chart has {release.version}", number, taken_in=True)
    if newer(content.app_version, release.version):
        says = f"the chart has the newer {content.app_version}"
        return Standing(True, says, number, taken_in=True)
    pull = is_open(found)
    if pull is None:
        if ours and ours.state == "closed":
            return Standing(True, f"{ours.where} was closed by a human", ours.number)
        return Standing(False, "no pull request is open", None)
    return _of_open(world, charts, release, pull)


def _of_open(world: World, charts: Charts, release: Release, pull: Pull) -> Standing:
    there = marked(pull)
    if there and newer(there, release.version):
        # Another machine was quicker with a later release; a late run must not take it back.
        return Standing(True, f"{pull.where} brings the newer {there}", pull.number)
    if there != release.version:
        return Standing(False, f"{pull.where} brings {there or 'something else'}", pull.number)
    if not pull.head:
        return Standing(False, f"{pull.where} has lost its branch", pull.number)
    if not shows(world, charts, release, pull):
        return Standing(False, f"{pull.where} does not show {release.version}", pull.number)
    if charts.collides(pull.head):
        says = f"{pull.where} no longer merges: {charts.branch} has gone on"
        return Standing(False, says, pull.number)
    return Standing(True, f"{pull.where} is open", pull.number)


def shows(world: World, charts: Charts, release: Release, pull: Pull) -> bool:
    """Say whether merging a pull request as its branch stands would take a release in.

    Raises:
        SlipwayError: the chart there cannot be read.
    """
    if pull.head not in charts.refs.values():
        return False  # it has moved since we asked
    return holds(world, charts.content(pull.head), release)


def holds(world: World, content: Content, release: Release) -> bool:
    """Say whether a chart has a release, with the modules of the released commit.

    Raises:
        SlipwayError: the chart, or a module in the source, cannot be read.
    """
    wanted = of_source(world, content.told, release.commit)
    return carries(content, release, repository_of(world), wanted)
