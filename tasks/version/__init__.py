"""Versions: which one a commit has, and which one is next.

The commits' conventional messages decide the next version exactly as cocogitto decides it
(`commits`, `rules`, `bump`, `sight`), and a release candidate is numbered, reserved and found again
on top of that (`candidates`). All of it is values in, values out; `history` is the one module that
asks git. `python -m tasks.version next` is the same for a shell.
"""

from __future__ import annotations

from .bump import NoCountingCommit, is_newer, next_core
from .candidates import RESERVATIONS, Decision, NothingToRelease, decide
from .commits import Commit, Complaint, Conventional, complaint, parse
from .history import look, resolve, rules_at
from .rules import CommitType, Rules, parse_rules
from .settle import commits_since_release, tag_prefix
from .sight import View, next_candidate

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
    "is_newer",
    "look",
    "next_candidate",
    "next_core",
    "parse",
    "parse_rules",
    "resolve",
    "rules_at",
    "tag_prefix",
]
