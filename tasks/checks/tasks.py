"""Declares `check:*`: input sets of the head, or of what `ref=` names → a verdict each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from doit.exceptions import InvalidDodoFile

from ..kernel import chosen, declare, paths
from ..kernel.config import Check, Config
from ..kernel.errors import WrongUsage
from ..kernel.pipeline import pipeline
from ..kernel.receipts import Always
from . import passes, statuses
from .artifacts import Stands
from .chosen import observe
from .pulls import Moved
from .subject import Subject
from .telling import Teller
from .unfinished import CutOff
from .verdict import assume, judge


def task_check() -> Iterator[declare.Task]:
    """`check:*`: all of them are run, so that every result is seen."""
    config = pipeline()
    subject = _subject()
    yield declare.group("check", f"all checks of {subject.spoken}")
    if subject.ref:
        facts = [paths.CHOSEN, *map(paths.chosen_input, config.inputs)]
        yield declare.observer(
            subject.task,
            partial(observe, subject.ref),
            doc="find what ref= names: its commit, and what differs there",
            writes=facts,
            after=["source"],
        )
    for check in config.checks.values():
        yield _check(config, check, subject)


def task_statuses() -> Iterator[declare.Task]:
    """`statuses`: the verdicts → a word for each, on the commit that was judged."""
    config, subject = pipeline(), _subject()
    names = statuses.needed(config.checks, subject)
    task = declare.effect(
        statuses.effect(subject),
        doc=f"tell the forge what the checks say of {subject.spoken}"[:99],
        room="checks",
        reads=[subject.head, *map(subject.verdict, names)],
        observers=[subject.task],
        settings=config.slice("checks", "forge", "inputs"),
        wakes=[statuses.Untold(subject)],
    )
    task["meta"]["listener"] = Teller(subject)
    yield task


def _subject() -> Subject:
    try:
        return Subject(chosen.ref())
    except WrongUsage as error:
        raise InvalidDodoFile(str(error)) from None


def _check(config: Config, check: Check, subject: Subject) -> declare.Task:
    name, verdict = check.name, subject.verdict(check.name)
    task = declare.stage(
        f"check:{name}",
        partial(judge, check, subject),
        doc=f"judge {subject.spoken}: {' '.join(check.command or ()) or check.rule}"[:99],
        room="checks",
        reads=[
            *map(subject.input, check.inputs),
            *([subject.head] if check.rule else []),
            *map(subject.verdict, check.from_),
        ],
        writes=[verdict],
        after=[subject.task],
        settings=config.slice(f"checks.{name}", "inputs"),
        wakes=_wakes(check, subject),
        forecast=partial(assume, check, subject),
        # What guards the candidate alone says nothing about a branch; by its name it can be asked.
        grouped=not subject.ref or "pull-request" in check.guards,
    )
    task["meta"]["judges"] = True
    task["meta"]["forget"] = partial(passes.forget, check, subject)
    return task


def _wakes(check: Check, subject: Subject) -> list[Any]:
    verdict = subject.verdict(check.name)
    if check.rule == "pull-limit":
        return [Always("asks the forge")]
    if check.rule == "promote-files" and not subject.ref:
        return [Moved(verdict)]
    wakes: list[Any] = [] if check.rule else [CutOff(check.name)]
    return [*wakes, Stands(check.name, verdict)] if check.artifacts else wakes
