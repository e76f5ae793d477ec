"""`statuses`: what the checks say of a commit, told to the forge under that commit.

A verdict is about a tree; the commit it is told of is the one that this run looks at. What stands
there already is not said again, so that an idle run says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from ..forge import Forge, Refused, Verdict, connect
from ..kernel import paths
from ..kernel.config import Check
from ..kernel.effects import Declined, Effect, Seen, Skip, killed_here
from ..kernel.receipts import Claims, UpToDate
from ..kernel.redact import printable, redact
from ..kernel.world import World
from ..version import is_in_question
from . import passes
from .subject import Subject
from .unfinished import CutOff

TASK = "statuses"
TOLD = f"{paths.BUILD}/checks/told.json"  # the commit of which something was told before it ended
RUN = "SLIPWAY_RUN_URL"
_LONGEST = 140  # characters of a description


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a commit under one name.

    Attributes:
        verdict: as forges call it.
        says: in words, one line.
    """

    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be said.

    Attributes:
        commit: of which.
        words: name of the status → what it says.
    """

    commit: str
    words: Mapping[str, Word]


def context_of(check: Check) -> str:
    """Return the name that a check's verdict goes by on the forge."""
    return check.status or f"slipway/{check.name}"


def needed(checks: Mapping[str, Check], subject: Subject) -> list[str]:
    """Return the checks whose verdicts are waited for: those of the candidate, or of `ref=`."""
    guards = "pull-request" if subject.ref else "candidate"
    return [name for name, check in checks.items() if guards in check.guards]


def passed(world: World, subject: Subject) -> list[str]:
    """Return the checks that have passed what is looked at.

    Besides those that are waited for it is every command that somebody has asked for: its verdict
    is there, and is about these very files.
    """
    checks = world.config.checks
    names = needed(checks, subject)
    return [name for name in checks if name in names or stands(world, name, subject)]


def stands(world: World, name: str, subject: Subject) -> bool:
    """Say whether a command's verdict is there, and is about these very files."""
    check, told = world.config.checks[name], world.json_or(subject.verdict(name), {})
    if not told.get("passed") or check.rule or CutOff(name).why(world, {}):
        return False
    return bool(told.get("judged") == passes.inputs(world, check, subject))


def word_of(world: World, name: str, subject: Subject) -> Word:
    """Return what is said of a check that has passed."""
    check = world.config.checks[name]
    found = None if check.rule else passes.find(world, check, subject)
    return Word("success", spoken(found["says"] if found else "passed"))


def spoken(text: str) -> str:
    """Return the first line of a text, as it may be shown to everybody."""
    line = printable(redact(text)).strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def is_news(world: World, subject: Subject) -> bool:
    """Say whether the forge is told of what is looked at.

    Of the head it is when something is to be released from it, so that nothing is proposed to a
    repository that only carries on; and always when it was told of a failure there.
    """
    if subject.ref or world.json_or(TOLD, {}).get("commit") == subject.commit(world):
        return True
    return is_in_question(world)


def want(subject: Subject, world: World) -> Wanted | Skip:
    """Want the verdicts told of the commit that they are about."""
    told = subject.told(world)
    if told.get("tip", told["commit"]) != told["commit"]:
        return Skip(f"{subject.spoken} has changes that no forge knows: nothing is told of it")
    if not is_news(world, subject):
        return Skip("nothing to release: nobody waits for a word on this commit")
    names = passed(world, subject)
    if not names:
        return Skip("there are no checks to tell of")
    checks = world.config.checks
    words = {context_of(checks[name]): word_of(world, name, subject) for name in names}
    return Wanted(told["commit"], words)


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the forge what was said of the commit.

    Raises:
        Declined: it does not let us, or does not know the commit; nothing of a release hangs on it.
    """
    try:
        there = connect(world).statuses(wanted.commit)
    except Refused as no:
        raise _declined(wanted, no) from None
    said = [name for name, word in wanted.words.items() if there.get(name) == word.verdict]
    says = f"{len(said)} of {len(wanted.words)} said of {wanted.commit[:7]}"
    facts = {"commit": wanted.commit, "told": sorted(wanted.words)}
    return Seen(len(said) == len(wanted.words), says, facts)


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Say what is not said yet.

    Raises:
        Declined: the forge does not let us; nothing of a release hangs on it.
    """
    forge = connect(world)
    try:
        count = say(forge, wanted)
    except Refused as no:
        raise _declined(wanted, no) from None
    return f"{count} of {wanted.commit[:7]}: {', '.join(wanted.words)}"


def _declined(wanted: Wanted, no: Refused) -> Declined:
    what = f"the forge takes no status of {wanted.commit[:7]} ({no.what})"
    return Declined(what, where=no.where, fix=no.fix, detail=no.detail)


def say(forge: Forge, wanted: Wanted) -> int:
    """Say what the forge does not say yet; return how many words that took.

    Raises:
        Refused: it does not let us.
    """
    there, count = forge.statuses(wanted.commit), 0
    for name, word in wanted.words.items():
        if there.get(name) != word.verdict:
            forge.set_status(wanted.commit, name, word.verdict, word.says, run_url())
            killed_here(f"{TASK}:said")
            count += 1
    return count


def run_url() -> str:
    """Return where people can follow this run, as the environment says; "" for nowhere."""
    if told := os.environ.get(RUN, ""):
        return told if told.startswith(("https://", "http://")) and told.isprintable() else ""
    parts = [
        os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    ]
    server, repository, number = parts
    return f"{server}/{quote(repository)}/actions/runs/{quote(number)}" if all(parts) else ""


def claims(_wanted: Wanted, _seen: Seen) -> Claims:
    """Claim nothing: what was said of a commit stays said, and others may say something else."""
    return {}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"statuses of {wanted.commit[:7]}: {', '.join(wanted.words)}"


def effect(subject: Subject) -> Effect[Wanted]:
    """Return the effect, on what checks look at."""
    return Effect(TASK, "forge", partial(want, subject), observe, act, claims, means)


class Untold(UpToDate):
    """`uptodate` of `statuses`: it has told of every check that has passed."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return of which ones it has not."""
        receipt = world.json_or(paths.receipt(TASK), {})
        if "told" not in receipt or not world.exists(self.subject.head):
            return []  # declined, or nothing to tell: another head wakes it
        checks, told = world.config.checks, set(receipt["told"])
        new = [name for name in passed(world, self.subject) if context_of(checks[name]) not in told]
        return [f"{', '.join(new)} was asked as well"] if new else []
