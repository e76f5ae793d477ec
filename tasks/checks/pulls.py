"""The rules about pull requests: what a promotion may touch, and how many may be open at once."""

from __future__ import annotations

from typing import Any

from ..forge import connect, strange_files
from ..kernel.config import Check
from ..kernel.errors import Failed
from ..kernel.receipts import UpToDate
from ..kernel.world import World
from .subject import Subject

_SHOWN = 20


def promotion_at(world: World) -> str:
    """Return the commit of the promotion branch, as `source` saw it; "" when there is none."""
    branch = world.config.promotion.branch
    return world.sightings("source").get(f"refs/heads/{branch}", "")


def _promotion(world: World, subject: Subject) -> str:
    """Return the promotion to judge: the open one, or what `ref=` names if it is one."""
    if not subject.ref:
        return promotion_at(world)
    told = subject.told(world)
    branch = world.config.promotion.branch
    named = subject.ref in (branch, f"refs/heads/{branch}")
    return str(told["commit"]) if named or told["tip"] == promotion_at(world) else ""


def judge_files(world: World, subject: Subject) -> str:
    """Judge what the promotion branch touches (`promotion.files`).

    Raises:
        Failed: it touches more.
    """
    at = _promotion(world, subject)
    told = world.config.promotion
    if not at:
        where = f"{subject.ref} is no promotion" if subject.ref else f"no branch {told.branch}"
        return f"{where}: nothing to judge"
    strange = strange_files(world, at)
    if strange:
        raise Failed(
            f"{told.branch} touches more than {', '.join(told.files)}",
            where=at[:7],
            detail=[
                *strange[:_SHOWN],
                *([f"… and {len(strange) - _SHOWN} more"] if len(strange) > _SHOWN else []),
            ],
            fix="take these out of the branch; a change of them is a pull request of its own",
        )
    return f"{told.branch} touches nothing but {', '.join(told.files)}"


def judge_number(world: World, check: Check, subject: Subject) -> str:
    """Judge how many pull requests wait for a review; drafts do not count, nor the one judged.

    Raises:
        Failed: there are as many as are allowed, so that this one would be too many.
    """
    base = world.config.remotes.source.branch
    ready = [pull for pull in connect(world).open_pulls(()) if not pull.draft]
    ready = [pull for pull in ready if pull.base == base]
    others = [pull for pull in ready if not (subject.ref and pull.branch == subject.ref)]
    allowed = check.limit - 1 if subject.ref else check.limit
    if len(others) > allowed:
        raise Failed(
            f"{len(others)} {'other ' * bool(subject.ref)}pull requests are open for review,"
            f" and {check.limit} may be",
            detail=[f"{pull.where}  {pull.title}" for pull in others[:_SHOWN]],
            fix="review and merge one of these first; until then, make the newest a draft",
        )
    return f"{len(ready)} of {check.limit} pull requests are open for review"


class Moved(UpToDate):
    """`uptodate` of `promote-files` on the head: the promotion branch is where it was judged.

    Args:
        verdict: the check's verdict.
    """

    def __init__(self, verdict: str) -> None:
        self.verdict = verdict

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return that the branch moved."""
        told = world.json_or(self.verdict, {})
        then = told.get("judged", {}).get("promotion", "")
        same = then == promotion_at(world)
        return [] if same else [f"{world.config.promotion.branch} has moved"]


def facts(world: World, subject: Subject) -> dict[str, str]:
    """Return what `promote-files` judged, for its verdict."""
    return {"promotion": _promotion(world, subject)}
