"""The forge: pull requests and releases, behind one small port.

Embedded, it is a folder of files beside the source remote, and a merge is a real git merge; the
other side of the port is a forge on the network. What is merged is always read from git, never from
what we remember.
"""

from .connect import connect
from .observe import STANDING, candidate_of, proven, rules_of
from .port import Forge, NewPull, Pull, Refused, Release, Verdict, asset_claim
from .promotions import (
    Approved,
    Promotion,
    approved_by,
    mark,
    marked,
    merged_promotion,
    named_below,
    parse_trailers,
    proof_ref,
    trailers,
)
from .scope import collides, strange_files
from .yanked import (
    AFTERWARDS,
    YANKED,
    Yank,
    is_yanked,
    version_of,
    yank_among,
    yank_message,
    yank_of,
    yank_ref,
    yanked_in,
    yanks,
)

__all__ = [
    "AFTERWARDS",
    "STANDING",
    "YANKED",
    "Approved",
    "Forge",
    "NewPull",
    "Promotion",
    "Pull",
    "Refused",
    "Release",
    "Verdict",
    "Yank",
    "approved_by",
    "asset_claim",
    "candidate_of",
    "collides",
    "connect",
    "is_yanked",
    "mark",
    "marked",
    "merged_promotion",
    "named_below",
    "parse_trailers",
    "proof_ref",
    "proven",
    "rules_of",
    "strange_files",
    "trailers",
    "version_of",
    "yank_among",
    "yank_message",
    "yank_of",
    "yank_ref",
    "yanked_in",
    "yanks",
]
