"""The open pull request by which a release would get into the chart, for whoever withdraws it."""

from __future__ import annotations

from ..forge import Pull
from ..kernel.world import World
from .proposal import is_open, marked, pulls


def offer_of(world: World, version: str) -> Pull | None:
    """Return the open pull request that brings a release; None when none does.

    Raises:
        SlipwayError: the forge says no.
    """
    pull = is_open(pulls(world))
    return pull if pull and marked(pull) == version else None
