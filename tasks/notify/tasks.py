"""Declares `notify:test`, and with it the listener that hears every run with effects."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare
from .herald import Herald
from .trial import trial


def task_notify() -> Iterator[declare.Task]:
    """`notify:test`: try out who is told."""
    yield declare.command(
        "notify:test",
        trial,
        doc="send a trial notice to everybody whom notify: in pipeline.yml names",
        shows=True,
        listener=Herald(),
    )
