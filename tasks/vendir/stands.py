"""What of a vendored content stands in a commit of the deployments repository, as sightings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import WrongUsage
from ..kernel.world import World

if TYPE_CHECKING:
    from .revision import Spot


def standing(world: World, mirror: Path, commit: str) -> dict[str, str]:
    """Return the reference, the files and the lock of our content, each by a name of its own.

    Whatever of them somebody changes is seen by it: files that were edited by hand never had a
    testflight, and must not go on to an environment in silence.

    Args:
        world: whose configuration names the content.
        mirror: a repository with the commit.
        commit: of the deployments repository.

    Returns:
        Empty when there is no such content, or its configuration cannot be read.
    """
    from . import vendored_ref
    from .revision import spot_of

    spot = spot_of(world)
    text = remotes.files_at(mirror, commit, spot.file) if spot.place else None
    if text is None:
        return {}
    try:
        ref = vendored_ref(text, spot.place)
    except WrongUsage:
        return {}  # what `vendor` claims does not stand then: it runs, and says what is wrong
    return {"vendored": ref, **_objects(mirror, commit, spot)} if ref else {}


def _objects(mirror: Path, commit: str, spot: Spot) -> dict[str, str]:
    listed = ("--literal-pathspecs", "ls-tree", "-z", commit, "--", spot.folder, spot.lock)
    found = {}
    for row in filter(None, g.text(*listed, repo=mirror).split("\0")):
        told, _, path = row.partition("\t")
        found["vendored lock" if path == spot.lock else "vendored files"] = told.split(" ")[2]
    return found
