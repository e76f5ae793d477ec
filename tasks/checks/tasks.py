"""Declares `check:*`: the head's input sets → a verdict each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare, paths
from ..kernel.pipeline import pipeline
from .verdict import assume, judge


def task_check() -> Iterator[declare.Task]:
    """`check:*`: all of them are run, so that every result is seen."""
    config = pipeline()
    yield declare.group("check", "all checks of the head")
    for name, check in config.checks.items():
        yield declare.stage(
            f"check:{name}",
            partial(judge, check),
            doc=f"judge the head: {' '.join(check.command or ()) or check.rule}",
            room="checks",
            reads=[*map(paths.head_input, check.inputs), *([paths.HEAD] if check.rule else [])],
            writes=[paths.verdict(name)],
            after=["source"],
            settings=config.slice(f"checks.{name}", "inputs"),
            forecast=partial(assume, check),
            grouped=True,
        )
