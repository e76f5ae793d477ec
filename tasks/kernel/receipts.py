"""Receipts and claims: what an effect left in the world outside, and whether it still stands there.

A receipt is JSON with a key `claims`: port → name → value, the same form as the sightings of the
port's observer. The value `ANY` claims only that the name is there (a moving tag such as `edge`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import paths

if TYPE_CHECKING:
    from .world import World

ANY = "*"
Claims = dict[str, dict[str, str]]


def broken(claims: Claims, world: World) -> list[str]:
    """Return the claims that do not stand in what the observers saw, in words, sorted."""
    found = []
    for port, wanted in sorted(claims.items()):
        seen = world.sightings(port)
        for name, value in sorted(wanted.items()):
            if name not in seen:
                found.append(f"{port} has no {name} any more")
            elif value not in (ANY, seen[name]):
                found.append(f"{port} has another {name}")
    return found


def claimed(world: World, port: str) -> dict[str, str]:
    """Return all that receipts claim on a port: name → value. Observers ask at least for these."""
    names: dict[str, str] = {}
    for receipt in world.receipts().values():
        names.update(receipt.get("claims", {}).get(port, {}))
    return names


class Holds:
    """`uptodate` of an effect: every claim of its receipt stands in the sightings.

    It reads two local files.

    Args:
        task: the effect's task name.
    """

    def __init__(self, task: str) -> None:
        self.receipt = paths.receipt(task)

    def reasons(self, world: World, _values: dict[str, Any]) -> list[str]:
        """Return why the effect has to look again; empty when everything stands."""
        if not world.exists(self.receipt):
            return []  # a missing target wakes the task already, with a better reason
        return broken(world.json(self.receipt).get("claims", {}), world)

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:  # noqa: ARG002 - doit's signature
        """Answer doit's question."""
        from .actions import disk

        return not self.reasons(disk(), values)


class Configured:
    """`uptodate` of every task: its slice of the configuration is the one of its last success.

    Args:
        settings: plain data; compared as canonical JSON.
    """

    def __init__(self, settings: Any) -> None:
        from hashlib import sha256

        from .facts import canonical

        self.digest = sha256(canonical(settings)).hexdigest()

    def reasons(self, _world: World, values: dict[str, Any]) -> list[str]:
        """Return why the settings wake the task; empty when they are those of the last success."""
        return [] if values.get("settings") == self.digest else ["its settings changed"]

    def saved(self) -> dict[str, str]:
        """Return what doit keeps after a success."""
        return {"settings": self.digest}

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:
        """Answer doit's question, and have the digest saved when the task runs."""
        task.value_savers.append(self.saved)
        return values.get("settings") == self.digest


class Always:
    """`uptodate` of an observer, a gate or a question: never."""

    def __init__(self, why: str) -> None:
        self.why = why

    def reasons(self, _world: World, _values: dict[str, Any]) -> list[str]:
        """Return the reason given."""
        return [self.why]

    def __call__(self) -> bool:
        """Answer doit's question."""
        return False


class Whole:
    """`uptodate` of a task with a folder among its results: the folder's mark is still there.

    Args:
        path: a file that stands or falls with the folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def reasons(self, world: World, _values: dict[str, Any]) -> list[str]:
        """Return what is missing."""
        return [] if world.exists(self.path) else [f"{self.path} is gone"]

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:  # noqa: ARG002 - doit's signature
        """Answer doit's question."""
        from .actions import disk

        return not self.reasons(disk(), values)
