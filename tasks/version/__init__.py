"""Versions: which one a commit has, and which one is next.

The commits' conventional messages decide the next version exactly as cocogitto decides it
(`commits`, `rules`, `bump`, `sight`), and a release candidate is numbered, reserved and found again
on top of that (`candidates`). All of it is values in, values out; `history` is the one module that
asks git. `python -m tasks.version next` is the same for a shell, and has to be there at once: so
what this room offers is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bump import NoCountingCommit, is_newer, next_core, versions
    from .candidates import Decision, NothingToRelease, decide
    from .commits import Commit, Complaint, Conventional, complaint, parse
    from .history import look, resolve, rules_at
    from .rules import CommitType, Rules, parse_rules
    from .settle import commits_since_release, is_in_question, tag_prefix
    from .sight import RESERVATIONS, View, last_release, next_candidate

_WHERE = {
    "bump": ("NoCountingCommit", "is_newer", "next_core", "versions"),
    "candidates": ("Decision", "NothingToRelease", "decide"),
    "commits": ("Commit", "Complaint", "Conventional", "complaint", "parse"),
    "history": ("look", "resolve", "rules_at"),
    "rules": ("CommitType", "Rules", "parse_rules"),
    "settle": ("commits_since_release", "is_in_question", "tag_prefix"),
    "sight": ("RESERVATIONS", "View", "last_release", "next_candidate"),
}

__all__ = [
    "RESERVATIONS",
    "Commit",
    "CommitType",
    "Complaint",
    "Conventional",
    "Decision",
    "NoCountingCommit",
    "NothingToRelease",
    "Rules",
    "View",
    "commits_since_release",
    "complaint",
    "decide",
    "is_in_question",
    "is_newer",
    "last_release",
    "look",
    "next_candidate",
    "next_core",
    "parse",
    "parse_rules",
    "resolve",
    "rules_at",
    "tag_prefix",
    "versions",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for from the module that it stands in."""
    for module, names in _WHERE.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
