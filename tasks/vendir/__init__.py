"""Vendoring: the tested chart, copied into the deployments repository with a lock that says so.

The engine does what `vendir sync` does and writes the same lock, byte for byte; with it comes
`verify`, which tells whether a tree still is what its lock says. It is a command by itself:
`python -m tasks.vendir sync|verify`. The effect `vendor` runs it on a commit, without any work tree
of the user's, and puts the result on the branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..kernel.world import World


def standing(world: World, mirror: Path, commit: str) -> dict[str, str]:
    """Return what of our content stands in a commit, as sightings; see `stands.standing`."""
    from . import stands  # the command line starts here, too, and needs nothing of the pipeline

    return stands.standing(world, mirror, commit)


def vendored_ref(vendir_yml: bytes, place: str) -> str:
    """Return the git reference that a content is taken from; "" when nothing says one.

    Args:
        vendir_yml: the configuration file's content.
        place: the content, as DIRECTORY/CONTENT.

    Raises:
        WrongUsage: the file is no valid configuration.
    """
    from .revision import content_at

    found = content_at(vendir_yml, "vendir.yml", place)
    return str(found.source.get("ref", "")) if found and found.kind == "git" else ""


__all__ = ["standing", "vendored_ref"]
