"""What happens in a run, for whoever listens: the kernel tells it, and knows nobody who hears.

A task whose `meta` has a `listener` offers one. Only runs that may change the outside are told of:
a question somebody asks is nobody else's news. A listener can never fail a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["begin", "gate", "failure", "done"]


@dataclass(frozen=True, slots=True)
class Event:
    """One task's beginning or end.

    Attributes:
        kind: it begins, waits for a human, has failed, or is done.
        task: the task's name.
        text: all that the screen said of it, secrets masked.
        acted: it was this very run that changed something outside; False when all stood there.
    """

    kind: Kind
    task: str
    text: str
    acted: bool = False


class Listener(Protocol):
    """Who is told; in the process that the run began in, also with `-n`."""

    def begin(self, tasks: Collection[str]) -> None:
        """Take in which tasks the run may come to, before the first of them."""

    def hear(self, event: Event) -> None:
        """Take an event, quickly: the run goes on behind it."""

    def close(self) -> list[str]:
        """Pass on what was heard, when all tasks have ended; return lines for the screen."""


class Audience:
    """The listeners of a run."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.listeners = tuple(listeners)
        self.troubles: list[str] = []

    @classmethod
    def of(cls, tasks: Mapping[str, Any], names: Collection[str]) -> Audience:
        """Return the listeners that the tasks of a graph offer, for a run of some of them."""
        metas = [task.meta or {} for task in tasks.values()]
        found = cls(meta["listener"] for meta in metas if "listener" in meta)
        for listener in found.listeners:
            listener.begin(names)
        return found

    def tell(self, event: Event) -> None:
        """Tell an event to all."""
        for listener in self.listeners:
            try:
                listener.hear(event)
            except Exception as error:  # nobody who only listens may end a run
                self.troubles.append(f"of {event.task} nobody was told: {error}")

    def close(self) -> list[str]:
        """Have all pass on what they heard; return lines for the screen."""
        lines = list(self.troubles)
        for listener in self.listeners:
            try:
                lines += listener.close()
            except Exception as error:  # as above
                lines.append(f"somebody was not told: {error}")
        return lines
