"""`doit trace:ENV`: environment → state → chart → digest → release → commit → approver, verified.

Each link is read where it stands outside and held against the next one. Works in a fresh clone;
changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import printable
from ..kernel.world import World
from .links import BROKEN, MISSING, UNREAD, Link, shown


def trace(world: World, environment: str, as_json: bool = False) -> str:
    """Print where what an environment has comes from, and whether every link of that holds.

    Raises:
        Failed: one does not.
        SlipwayError: one cannot be read, and all others hold.
    """
    from .following import follow

    found = follow(world, environment)
    told = json.dumps(found.plain(), indent=2) if as_json else shown(found)
    print(printable(told))
    if wrong := found.of(BROKEN, MISSING):
        some = "1 link does" if len(wrong) == 1 else f"{len(wrong)} links do"
        raise Failed(f"{some} not hold: {_names(wrong)}")
    if silent := found.of(UNREAD):
        some = "1 link" if len(silent) == 1 else f"{len(silent)} links"
        fix = "doit doctor says what can be reached"
        raise SlipwayError(f"{some} cannot be read: {_names(silent)}", fix=fix)
    return ""


def _names(links: Sequence[Link]) -> str:
    return ", ".join(dict.fromkeys(link.what for link in links))
