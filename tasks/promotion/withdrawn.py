"""Yanked releases: an environment that does not have one gets it no more.

`withdraw` (in the room `release`) puts the very commit that stands on the source below
`refs/slipway/yanked/` of the deployments remote as well, so that nobody has to ask the source here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..forge import YANKED
from ..kernel.world import World
from . import notes
from . import wanted as w
from .head import Head

if TYPE_CHECKING:
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


def yanked(world: World, head: Head, version: str) -> notes.Note | None:
    """Return the note by which a release was yanked; None when it was not."""
    for commit in notes.under(head.notes, YANKED).values() if version else ():
        note = notes.read(world, commit)
        if note.said("Version") == version:
            return note
    return None


def unless_yanked(world: World, head: Head, verdict: Verdict, recorded: Record | None) -> Verdict:
    """Turn something to deploy into a wait when it would bring a yanked release.

    What the environment has already it keeps, and other changes go on reaching it.
    """
    if not verdict.due or verdict.fact is None or not notes.under(head.notes, YANKED):
        return verdict
    repository = w.repository_of(world)
    version = release_in(world, repository, w.state_in(verdict.fact).hashes())
    note = yanked(world, head, version)
    if note is None:
        return verdict
    if recorded and release_in(world, repository, recorded.current.hashes()) == version:
        return verdict
    says = f"{version} is yanked by {note.said('By')}: {note.said('Why')} ({verdict.says})"
    return replace(verdict, says=says, fact=None, fix="doit release brings the next one", due=False)
