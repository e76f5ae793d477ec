"""What was asked for besides, on doit's command line: `doit NAME=VALUE deploy:ENV`.

They are variables of a run and no options, since the task that is typed is the last of a chain, and
options would reach it alone.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..kernel import graph
from ..kernel.asking import or_variable, who_and_why
from ..kernel.errors import Failed, WrongUsage
from ..kernel.receipts import UpToDate
from ..kernel.world import World
from ..promotion import once_more

if TYPE_CHECKING:
    from ..terraform import Plan

DESTROY, REPLACE = "allow-destroy", "replace"
_VARIABLES: Mapping[str, str] = {DESTROY: "SLIPWAY_ALLOW_DESTROY"}
_MOST = 20  # addresses that are told
_PART = re.compile(r'(?:[^",]|"(?:\\.|[^"\\])*"?)+')  # a key in an address may hold a comma


def _said(name: str) -> list[str]:
    import doit

    told = doit.get_var(name) or os.environ.get(_VARIABLES.get(name, ""), "")
    return list(dict.fromkeys(part.strip() for part in _PART.findall(told) if part.strip()))


def may_destroy(environment: str, address: str) -> bool:
    """Say whether somebody named a resource that may be destroyed.

    The same address is there in every environment: where a run deploys more than one, it has to be
    said which is meant.
    """
    said = _said(DESTROY)
    if f"{environment}:{address}" in said:
        return True
    return address in said and graph.alone("apply:")


def to_type(environment: str, addresses: Iterable[str]) -> str:
    """Return what to type so that resources may be destroyed."""
    import shlex

    named = ",".join(f"{environment}:{address}" for address in addresses)
    return f"doit {DESTROY}={shlex.quote(named)} deploy:{environment}"


def to_replace() -> list[str]:
    """Return the addresses of what is to be made anew."""
    return _said(REPLACE)


def refuse_unplanned(environment: str, plan: Plan) -> None:
    """Refuse a plan that would not make anew what is named: Terraform says nothing of that.

    Raises:
        Failed: naming it, and what it may be meant for.
    """
    missing = [address for address in to_replace() if address not in plan.makes]
    if not missing:
        return
    near = difflib.get_close_matches(missing[0], plan.addresses, 1)
    hint = f" (did you mean {near[0]}?)" if near and near[0] != missing[0] else ""
    raise Failed(
        f"the plan of {environment} would not make {', '.join(missing)} anew{hint}",
        detail=[] if hint else plan.addresses[:_MOST],
        fix=f"{REPLACE}= takes addresses of what {environment} has, as Terraform writes them",
    )


class Unsaid(WrongUsage):
    """Something is asked for, and not by whom, or why."""


def replacement(world: World, environment: str) -> dict[str, Any]:
    """Return what a plan's fact tells of a replacement behind a gate; nothing for any other plan.

    Raises:
        Unsaid: nobody says who wants it and why, and no human has been shown it.
    """
    named = to_replace()
    if not (named and world.config.environments[environment].gate):
        return {}
    by, why = (or_variable("", word) for word in ("by", "why"))
    if not (by.strip() and why.strip()):
        import shlex

        raise Unsaid(
            f"{environment} has a gate: who wants something made anew there, and why, must be said",
            fix=f'doit {REPLACE}={shlex.quote(",".join(named))} by=NAME why="TEXT"'
            f" deploy:{environment}",
        )
    by, why = who_and_why(by, why, command="doit", reason="", question="")
    return {"asked": {"replace": named, "by": by, "why": why}}


class Asked(UpToDate):
    """`uptodate` of a plan: nothing is asked for that the last one knew nothing of."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return what is asked for."""
        again = ["asked for what is recorded"] if once_more.asked() else []
        return [*again, *(f"asked to replace {one}" for one in to_replace())]
