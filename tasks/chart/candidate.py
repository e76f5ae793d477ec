"""The effect `chart:candidate`: the candidate in the chart, in a pull request that nobody merges.

It shows before the release what the chart would be: a person can fly or lint that branch. It is a
branch of its own, apart from the release's, is a draft without the labels that merge, and its
`is-release` says false, so that no environment can get it. The reference has an image in the chart
only after its release; what is merged there goes to staging, and that is the human gate's to open.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..forge import connect, is_yanked
from ..images import pushed_images
from ..kernel import paths
from ..kernel.effects import Effect, Seen
from ..kernel.receipts import Claims
from ..kernel.world import World
from . import propose
from .proposal import is_open, newer, pulls
from .release import Release
from .remote import REMOTE, chart_of

TASK = "chart:candidate"
PREFIX = "candidate:"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A candidate that should be on offer for as long as it waits; None while there is none."""

    release: Release | None


def want(world: World) -> Wanted:
    """Want the newest candidate on offer, and nothing while there is none."""
    version = world.json(paths.VERSION)
    if version["version"] is None or "-" not in version["version"]:
        return Wanted(None)
    if is_yanked(world, version["core"], version["commit"]):
        return Wanted(None)  # its release was, and withdrawn: nothing of it is offered
    pushed = pushed_images(world)
    named = {name: pushed[name] for name in sorted(chart_of(world).images) if name in pushed}
    if len(named) < len(chart_of(world).images):
        return Wanted(None)  # some image is of no candidate, and nothing would be of one build
    return Wanted(Release(version["version"], version["commit"], named))


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask whether its pull request is open; else whether one is open that should not be.

    Raises:
        SlipwayError: as `propose.observe`.
    """
    release = wanted.release
    if release is not None and not _is_over(world, release):
        return propose.observe(world, release)
    facts = {"pull": None} if release is None else release.plain() | {"pull": None}
    pull = is_open(pulls(world, final=False))
    if pull is None:
        return Seen(True, "no candidate is waiting, and none is on offer", facts)
    return Seen(False, f"{pull.where} brings what is waiting no more", facts)


def _is_over(world: World, release: Release) -> bool:
    """Say whether the chart that everything goes on from has the candidate's release, or a newer.

    It is the fact that is asked: a plan has it before the merge.
    """
    chart = world.json_or(paths.CHART, {})
    return newer(str(chart.get("app_version", "")), release.version)


def act(world: World, wanted: Wanted, seen: Seen) -> str:
    """Open the pull request, take over the open one, or close what is out of date.

    Raises:
        Again: somebody else has pushed meanwhile.
    """
    if wanted.release is not None and not _is_over(world, wanted.release):
        return propose.act(world, wanted.release, seen)
    pull = is_open(pulls(world, final=False))
    if pull is None:
        return "nothing was open any more"
    connect(world, REMOTE).close_pull(pull.number)
    return f"{pull.where} closed: no candidate is waiting"


def claims(wanted: Wanted, _seen: Seen) -> Claims:
    """Claim that the candidate is on offer; it stays true when a human closes that."""
    if wanted.release is None:
        return {}
    return {REMOTE: {f"{PREFIX}{wanted.release.version}": propose.STANDING}}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    if wanted.release is None:
        return "close the draft of a candidate that is waiting no more"
    version = wanted.release.version
    return f"a draft that shows {version} in the chart, for as long as it waits"


EFFECT = Effect(TASK, REMOTE, want, observe, act, claims, means)
