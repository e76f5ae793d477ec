"""What was asked for besides, on doit's command line: `doit NAME=VALUE deploy:ENV`.

They are variables of a run and no options, since the task that is typed is the last of a chain, and
options would reach it alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..kernel.receipts import UpToDate
from ..kernel.world import World

DESTROY, REPLACE = "allow-destroy", "replace"
_VARIABLES: Mapping[str, str] = {DESTROY: "SLIPWAY_ALLOW_DESTROY"}


def _said(name: str) -> list[str]:
    import doit

    told = doit.get_var(name) or os.environ.get(_VARIABLES.get(name, ""), "")
    # A key in an address may hold a comma: "a[\"x,y\"]" is asked for alone.
    return list(dict.fromkeys([part.strip() for part in (told, *told.split(",")) if part.strip()]))


def may_destroy(address: str) -> bool:
    """Say whether somebody named a resource that may be destroyed."""
    return address in _said(DESTROY)


def to_replace() -> list[str]:
    """Return the addresses of what is to be made anew."""
    found = _said(REPLACE)
    return found if len(found) < 2 else found[1:]  # the whole is no address, its parts are


class Asked(UpToDate):
    """`uptodate` of a plan: nothing is asked for that the last one knew nothing of."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return what is asked for."""
        return [f"asked to replace {one}" for one in to_replace()]
