"""What was told and what is still owed: a file in `build/`, so that one event is told once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..kernel import paths
from ..kernel.world import World
from .notice import Notice, key_of

FILE = f"{paths.BUILD}/notified.json"
_REMEMBERED = 500  # events
_TRIES = 5  # runs that try to deliver one


@dataclass(slots=True)
class Owed:
    """A notice that not everybody has got.

    Attributes:
        notice: what is told.
        told: names of those who have it.
        tries: how many runs have tried.
    """

    notice: Notice
    told: list[str] = field(default_factory=list)
    tries: int = 0


class Ledger:
    """The file, as values; `save` writes it.

    Args:
        world: where it is.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        told = world.json_or(FILE, {})
        told = told if isinstance(told, dict) else {}
        self.sent: list[str] = [key for key in told.get("sent", []) if isinstance(key, str)]
        self.owed: dict[str, Owed] = {}
        for entry in told.get("owed", []):
            try:
                owed = Owed(dict(entry["notice"]), list(entry["told"]), int(entry["tries"]))
                self.owed[key_of(owed.notice)] = owed
            except (KeyError, TypeError, ValueError):
                continue  # somebody has edited the file; it is a cache of ours

    def add(self, notice: Notice) -> None:
        """Owe a notice, unless it was sent or is owed already."""
        key = key_of(notice)
        if key not in self.sent and key not in self.owed:
            self.owed[key] = Owed(notice)

    def over(self, task: str) -> None:
        """Forget that a task waited or failed: it is done, so the next time is news again."""
        past = tuple(f"{kind}:{task}:" for kind in ("gate", "failure"))
        self.sent = [key for key in self.sent if not key.startswith(past)]
        self.owed = {k: owed for k, owed in self.owed.items() if not k.startswith(past)}

    def settle(self, key: str) -> None:
        """Note that everybody has it, or that it is given up."""
        del self.owed[key]
        self.sent.append(key)

    def tried(self, key: str) -> bool:
        """Count one more try; return whether it was the last one."""
        self.owed[key].tries += 1
        return self.owed[key].tries >= _TRIES

    def save(self) -> None:
        """Write it, the oldest forgotten."""
        owed: list[dict[str, Any]] = [
            {"notice": each.notice, "told": each.told, "tries": each.tries}
            for each in self.owed.values()
        ]
        if owed or self.sent or self.world.exists(FILE):
            self.world.write_json(FILE, {"owed": owed, "sent": self.sent[-_REMEMBERED:]})
