"""The listener: hears what happens in a run, writes it down, and passes it on at the end."""

from __future__ import annotations

from collections.abc import Collection

from ..kernel.events import Event
from ..kernel.redact import redact
from ..kernel.world import World, disk
from .ledger import Ledger
from .notice import key_of, kind_of, notice_of
from .send import deliver, identity, name_of


class Herald:
    """See `kernel.events.Listener`. It holds nothing itself: all it knows stands in the ledger."""

    def begin(self, tasks: Collection[str]) -> None:
        """Whatever runs, what it ends with is told."""

    def hear(self, event: Event) -> None:
        """Owe a notice of the event at once: a run that is killed now has it told by the next."""
        world = disk()
        if not world.config.notify or event.kind == "begin":
            return
        kind = kind_of(event)
        wanted = any(kind in told.on for told in world.config.notify)
        if not (wanted or event.kind == "done"):
            return
        ledger = Ledger(world)
        if event.kind == "done":
            ledger.over(event.task)
        if wanted:
            ledger.add(notice_of(world, event))
        ledger.save()

    def close(self) -> list[str]:
        """Deliver what is owed; return what could not be delivered, in words."""
        world = disk()
        ledger = Ledger(world)
        if not ledger.owed:
            return []
        lines: list[str] = []
        for key in list(ledger.owed):
            lines += _deliver(world, ledger, key)
            ledger.save()
        return lines


def _deliver(world: World, ledger: Ledger, key: str) -> list[str]:
    """Pass one notice on to all who have not got it yet."""
    owed, missed = ledger.owed[key], []
    for told in world.config.notify:
        who = identity(told)
        if owed.notice["event"] not in told.on or who in owed.told:
            continue
        try:
            deliver(world, told, owed.notice)
        except Exception as error:  # whatever it is, the run has ended well or badly without it
            missed.append(f"{name_of(told)} was not told of {_about(owed.notice)}: {error}")
        else:
            owed.told.append(who)
            ledger.save()
    if not missed:
        ledger.settle(key)
        return []
    if ledger.tried(key):
        ledger.settle(key)
        return [redact(f"{line}\n  given up") for line in missed]
    return [redact(f"{line}\n  the next run tries again") for line in missed]


def _about(notice: dict[str, str]) -> str:
    return f"the {notice['event']} of {notice['task']} ({key_of(notice).rpartition(':')[2]})"
