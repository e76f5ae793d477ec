"""`doit recorded=yes deploy:ENV`: an environment is to have what it is recorded with, once more.

Where something newer waits (at a gate, behind a hold, in a freeze), what has drifted could not be
put right else. Nothing newer comes in such a run, whether it may or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.config import Environment
from ..kernel.variables import says_yes
from . import wanted as w

if TYPE_CHECKING:
    from .due import Verdict
    from .engine import Record

VARIABLE = "recorded"


def asked() -> bool:
    """Say whether somebody asks for it on doit's command line.

    Raises:
        WrongUsage: it says something else than yes.
    """
    return says_yes(VARIABLE)


def instead(verdict: Verdict, environment: Environment, recorded: Record | None) -> Verdict:
    """Turn what is due, or what waits, into what is recorded, where somebody asks for that."""
    from .due import Verdict

    if not asked():
        return verdict
    name = environment.name
    if recorded is None:
        says = f"{name} was never deployed: there is nothing to put back ({verdict.says})"
        return Verdict(says, fix=f"doit deploy:{name}")
    state = recorded.current
    if not verdict.fix and verdict.fact and verdict.fact["key"] == w.key_of(state.hashes()):
        return verdict
    says = f"state {recorded.version} once more, as recorded ({verdict.says})"
    return Verdict(says, w.fact_of(environment, state, state.head_commit))
