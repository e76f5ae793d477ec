"""`automerge`: what carries every label and is green is merged; for all else it says why not.

Green is what the forge itself knows of the very commit that is merged: `merge_pull` refuses a
branch that has moved since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..forge import Forge, Pull, Verdict, connect
from ..kernel import journal
from ..kernel.config import Automerge
from ..kernel.errors import SlipwayError, WrongUsage
from ..kernel.redact import printable, redact
from ..kernel.world import World

_BY = "Slipway"
_MOST = 10  # numbers, or names of checks, in one line


@dataclass(frozen=True, slots=True)
class Where:
    """The pull requests of one remote.

    Attributes:
        remote: its name in `pipeline.yml`.
        base: the branch that is followed there: nothing is merged into another one.
        promotion: the branch that is a human's to merge; "" where there is none.
    """

    remote: str
    base: str
    promotion: str


def automerge(world: World) -> str:
    """Merge all that may be, and print a line for each.

    Raises:
        WrongUsage: no labels are configured.
        SlipwayError: something that may be merged could not be.
    """
    told = world.config.automerge
    if not told.labels:
        raise WrongUsage(
            "nothing is merged by itself: there are no labels to tell it by",
            where=world.config.where("automerge.labels"),
            fix="automerge: {labels: [bot, ready]} in the pipeline file",
        )
    troubles: list[str] = []
    for remote in told.remotes:
        troubles += _remote(world, told, _where(world, remote))
    if troubles:
        raise SlipwayError(
            f"{len(troubles)} could not be merged",
            detail=[line for text in troubles for line in text.split("\n")],
            fix="doit automerge looks again",
        )
    return ""


def _where(world: World, remote: str) -> Where:
    base = getattr(world.config.remotes, remote).branch
    return Where(remote, base, world.config.promotion.branch if remote == "source" else "")


def _remote(world: World, told: Automerge, where: Where) -> list[str]:
    """Go through one remote's open pull requests; return what went wrong."""
    forge = connect(world, where.remote)
    troubles: list[str] = []
    others: list[Pull] = []
    labels = ", ".join(told.labels)
    print(printable(f"{where.remote}: open pull requests with the labels {labels}"))
    looked = 0
    for pull in reversed(forge.open_pulls(())):
        if not set(told.labels) & set(pull.labels):
            others.append(pull)
            continue
        looked += 1
        says, trouble = _one(forge, told, where, pull)
        print(printable(redact(f"  {says}")))
        troubles += [trouble] if trouble else []
    if not looked:
        print("  none")
    if others:
        numbers = ", ".join(f"#{pull.number}" for pull in others[:_MOST])
        more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
        print(f"  · none of these labels: {numbers}{more}")
    return troubles


def _one(forge: Forge, told: Automerge, where: Where, pull: Pull) -> tuple[str, str]:
    """Merge one, or not; return the line for it, and what went wrong."""
    reason = _unfit(told, where, pull) or why_not_green(forge.verdicts(pull.head), told.checks)
    if reason:
        return f"· {pull.where}: {reason}", ""
    why = f"labels: {', '.join(told.labels)}; every check of {pull.head[:7]} says yes"
    try:
        merge = forge.merge_pull(pull.number, pull.head, _BY, why)
    except SlipwayError as error:
        if _is_merged(forge, pull):
            return f"· {pull.where}: merged by somebody else just now", ""
        return f"✗ {pull.where}: {error.what}", str(error)
    means = f"merge {pull.where} of {where.remote} at {pull.head[:7]}"
    journal.effect("automerge", means)
    return f"✓ {pull.where}: merged as {merge[:7]}", ""


def _unfit(told: Automerge, where: Where, pull: Pull) -> str:
    """Return why a pull request may not be merged whatever its checks say; "" when it may."""
    lacks = [label for label in told.labels if label not in pull.labels]
    if where.promotion and pull.branch == where.promotion:
        return "the promotion is a human's to merge (doit approve:release)"
    if lacks:
        return f"lacks the label {', '.join(lacks)}"
    if pull.draft:
        return "it is a draft"
    if ":" in pull.branch:  # no branch is called so: OWNER:BRANCH of another repository
        return f"comes from a fork ({pull.branch})"
    if pull.base != where.base:
        return f"goes into {pull.base}, not {where.base}"
    return "" if pull.head else f"its branch {pull.branch} is gone"


def why_not_green(said: Mapping[str, Verdict], needed: tuple[str, ...]) -> str:
    """Return why a commit is not green; "" when it is.

    Args:
        said: name of the check → verdict, all that the forge knows.
        needed: names that must be among them; without any, one at least has to be there: checks
            that have not begun yet have said nothing.
    """
    missing = [name for name in needed if name not in said]
    for verdict, words in (("failure", "failed"), ("pending", "not done yet")):
        found = [name for name, told in said.items() if told == verdict]
        if found:
            more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
            return f"{words}: {', '.join(found[:_MOST])}{more}"
    if missing:
        return f"nothing was said yet by {', '.join(missing)}"
    return "" if said else "no check has said anything of it yet"


def _is_merged(forge: Forge, pull: Pull) -> bool:
    try:
        now = forge.pulls(pull.branch)
    except SlipwayError:
        return False
    return any(each.number == pull.number and each.state == "merged" for each in now)
