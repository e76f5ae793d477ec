"""The link of a trace to the human who let a state into a gated environment."""

from __future__ import annotations

import re

from ..kernel import remotes
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..promotion.engine.gates import OPEN, parse
from ..promotion.wanted import key_of
from .links import Link, compared, missing
from .recorded import Deployed
from .sides import Side, Told, short

STATE = "Slipway-State"
_COMMIT = re.compile("[0-9a-fA-F]{40}")


def gate_link(told: Deployed, config: Config) -> Link:
    """Find the commit on the gates branch that let an environment's state in.

    Of all that would, it is the one that was shown just this state, else the oldest: what was let
    in stays so when the gate moves on.
    """
    side, gates = told.side, config.gates
    tip = side.refs.get(f"refs/heads/{gates.branch}", "")
    wanted = told.record.current.head_commit
    expected = f"{told.environment}: {wanted}, or a commit that stands on it"
    link = Link("gate", "?", f"{side.name} {gates.branch}  {gates.file}")
    if not tip:
        return missing(link, f"there is no branch {gates.branch}", expected)
    opened = [
        (side.told(commit), gate)
        for commit in reversed(side.changes(gates.file, tip))
        if (gate := _gate(side, commit, gates.file, told.environment))
        and _lets_in(side, gate, wanted)
    ]
    if opened:
        key = key_of(told.record.current.hashes())
        shown = [each for each in opened if each[0].trailer(STATE) == key]
        return _opened(link, side, *(shown or opened)[0], gates.file)
    gate = _gate(side, tip, gates.file, told.environment)
    if not gate:
        return missing(link, f"{gates.file} does not name {told.environment}", expected)
    return compared(link, f"{told.environment}: {gate}", expected, says="nobody let this in")


def _gate(side: Side, commit: str, path: str, environment: str) -> str:
    """Return an environment's gate as a commit has it; "" for none, or for no map."""
    content = side.file(commit, path)
    try:
        return parse(content, path).get(environment, "") if content is not None else ""
    except SlipwayError:
        return ""


def _lets_in(side: Side, gate: str, wanted: str) -> bool:
    if gate == OPEN:
        return True
    known = _COMMIT.fullmatch(gate) and side.knows(gate.lower())
    return bool(known) and remotes.is_ancestor(side.mirror, wanted, gate.lower())


def _opened(link: Link, side: Side, told: Told, gate: str, file: str) -> Link:
    upto = "for everything" if gate == OPEN else f"up to {short(gate)}"
    facts = {
        "commit": told.commit,
        "gate": gate,
        "by": told.approver,
        "why": told.trailer("Reason"),
        "opened": told.instant,
    }
    value = f"{told.approval}  ({upto})"
    return Link(link.what, value, side.at(told.commit, file), facts=facts)
