"""Promotion: which files each environment should have now, and the record of what it got.

An environment takes some files from the head of the deployments repository and others from what the
environment before it was deployed with. The engine reads `cepler.yml`, state files and gates as
cepler does and writes them to the same bytes; it works on a bare repository as well as in a work
tree, where `python -m tasks.promotion` is a drop-in for cepler's command line. `head` is the
deployments remote as a run knows it, `wanted` what passes between rooms, `notes` what people and
runs leave on the remote besides files; `answers`, `gatefile`, `decided`, `freezes` and `withdrawn`
are what may hold an environment up, `once_more` what may come all the same.
`engine` is there for others too (`from ..promotion import engine`), inside of actions: doit loads
this package for tasks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import answers, decided, freezes, head, notes, once_more, withdrawn
    from .due import judge
    from .wanted import (
        fact_of,
        files_in_words,
        gates_of,
        key_of,
        modes_from,
        one_after,
        repository_of,
        settings_at,
        start_of,
        state_in,
        wanted_by,
    )

__all__ = [
    "answers",
    "decided",
    "fact_of",
    "files_in_words",
    "freezes",
    "gates_of",
    "head",
    "judge",
    "key_of",
    "modes_from",
    "notes",
    "once_more",
    "one_after",
    "repository_of",
    "settings_at",
    "start_of",
    "state_in",
    "wanted_by",
    "withdrawn",
]


def __getattr__(name: str) -> Any:
    """Load what passes between rooms when it is asked for: the engine alone needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("answers", "decided", "freezes", "head", "notes", "once_more", "withdrawn"):
        return import_module(f".{name}", __name__)
    return getattr(import_module(".due" if name == "judge" else ".wanted", __name__), name)
