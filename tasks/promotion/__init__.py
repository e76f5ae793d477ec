"""Promotion: which files each environment should have now, and the record of what it got.

An environment takes some files from the head of the deployments repository and others from what the
environment before it was deployed with. The engine reads `cepler.yml`, state files and gates as
cepler does and writes them to the same bytes; it works on a bare repository as well as in a work
tree, where `python -m tasks.promotion` is a drop-in for cepler's command line. `head` is the
deployments remote as a run knows it, `wanted` what passes between rooms. `engine` is there for
others too (`from ..promotion import engine`), inside of actions: doit loads this package for tasks.
"""

from __future__ import annotations

from . import head
from .wanted import (
    gates_of,
    key_of,
    one_after,
    repository_of,
    settings_at,
    start_of,
    state_in,
    wanted_by,
)

__all__ = [
    "gates_of",
    "head",
    "key_of",
    "one_after",
    "repository_of",
    "settings_at",
    "start_of",
    "state_in",
    "wanted_by",
]
