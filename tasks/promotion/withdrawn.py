"""Yanked releases: an environment that does not have one gets it no more.

`withdraw` (in the room `release`) says the same below `refs/slipway/yanked/` of the deployments
remote as well, so that nobody has to ask the source here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..forge import AFTERWARDS, Yank, version_of, yank_among, yanked_in
from ..kernel.world import World
from . import wanted as w
from .head import Head, mirror

if TYPE_CHECKING:
    from . import notes
    from .due import Verdict
    from .engine import Record, Repository


def release_in(world: World, repository: Repository, files: Mapping[str, str | None]) -> str:
    """Return the release that the vendored chart of a state carries; "" when it names none.

    Args:
        world: whose configuration says where it is.
        repository: the deployments.
        files: path → blob id of the state.
    """
    import yaml

    vendored = world.config.deployments.vendored
    blob = files.get(f"{vendored}/Chart.yaml") if vendored else None
    if not blob:
        return ""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        chart = yaml.load(repository.blob(blob), Loader=loader)  # noqa: S506 - it makes texts only
    except (yaml.YAMLError, UnicodeDecodeError):
        return ""  # whoever renders the chart says what is wrong with it
    return str(chart.get("appVersion", "")) if isinstance(chart, dict) else ""


def yanked(world: World, head: Head, version: str) -> Yank | None:
    """Return how a release was yanked; None when it was not.

    It is the name of the ref that counts: somebody may have set it by hand, to any commit.
    """
    for tag in yanked_in(head.notes) if version else ():
        if version_of(tag) == version:
            return yank_among(mirror(world), head.notes, tag)
    return None


def yank_in(world: World, head: Head, files: Mapping[str, str | None]) -> Yank | None:
    """Return how the release in a state was yanked; None when it was not, or there is none."""
    if not yanked_in(head.notes):
        return None
    return yanked(world, head, release_in(world, w.repository_of(world), files))


def brought(
    world: World, head: Head, files: Mapping[str, str | None], recorded: Record | None
) -> Yank | None:
    """Return the yank that keeps a state from an environment; None when it may have it.

    What the environment has already it keeps, and other changes go on reaching it.
    """
    yank = yank_in(world, head, files)
    if yank is None or recorded is None:
        return yank
    has = release_in(world, w.repository_of(world), recorded.current.hashes())
    return None if has == yank.version else yank


def unless_yanked(world: World, head: Head, verdict: Verdict, recorded: Record | None) -> Verdict:
    """Turn something to deploy, or to approve, into a wait when it would bring a yanked release."""
    due = verdict.due and verdict.fact is not None
    files = w.state_in(verdict.fact).hashes() if due and verdict.fact else verdict.waiting
    yank = brought(world, head, files, recorded) if files else None
    if yank is None:
        return verdict
    says = f"{yank.version} is {yank.spoken} ({verdict.says})"
    return replace(verdict, says=says, fact=None, fix=AFTERWARDS, due=False)


def unless_known(
    world: World, head: Head, verdict: Verdict, recorded: Record | None, hold: notes.Note
) -> Verdict:
    """Turn a way back into a wait when it would bring a release that was yanked after the hold.

    Whoever held the environment at a yanked release was shown that, and the hold says so.
    """
    if verdict.fix or verdict.fact is None:
        return verdict
    yank = brought(world, head, w.state_in(verdict.fact).hashes(), recorded)
    if yank is None or hold.said("Yanked") == yank.version:
        return verdict
    name = verdict.fact["environment"]
    says = f"{yank.version} is {yank.spoken} ({verdict.says})"
    fix = f"doit rollback:{name} chooses another state, doit resume:{name} goes on"
    return replace(verdict, says=says, fact=None, fix=fix)
