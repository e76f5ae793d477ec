"""Receipts and claims: what an effect left in the world outside, and whether it still stands there.

A receipt is JSON with a key `claims`: port → name → value, the same form as the sightings of the
port's observer. The value `ANY` claims only that the name is there (a moving tag such as `edge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import checker, paths
from .errors import SlipwayError
from .world import World, disk

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


class UpToDate:
    """What stands in a task's `uptodate`: doit asks it in a run, a plan asks for its reasons."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:
        """Return why the task has to run; empty when nothing here asks for it.

        Args:
            world: facts and sightings; a local look only, never a question to a remote.
            values: what was saved at the last success.
        """
        raise NotImplementedError

    def why(self, world: World, values: dict[str, Any]) -> list[str]:
        """Return the reasons; a fact that cannot be read any more is one, and not an error."""
        try:
            return self.reasons(world, values)
        except SlipwayError as error:
            return [error.what]

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:  # noqa: ARG002 - doit's signature
        """Answer doit's question."""
        return not self.why(disk(), values)


class Holds(UpToDate):
    """`uptodate` of an effect: every claim of its receipt stands in the sightings.

    It reads two local files.

    Args:
        task: the effect's task name.
    """

    def __init__(self, task: str) -> None:
        self.receipt = paths.receipt(task)

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return why the effect has to look again; empty when everything stands."""
        if not world.exists(self.receipt):
            return []  # a missing target wakes the task already, with a better reason
        return broken(world.json(self.receipt).get("claims", {}), world)


class Configured(UpToDate):
    """`uptodate` of every task: its slice of the configuration is the one of its last success.

    Args:
        settings: plain data; compared as canonical JSON.
    """

    def __init__(self, settings: Any) -> None:
        from hashlib import sha256

        from .facts import canonical

        self.digest = sha256(canonical(settings)).hexdigest()

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return why the settings wake the task; empty when they are those of the last success."""
        return [] if values.get("settings") == self.digest else ["its settings changed"]

    def saved(self) -> dict[str, str]:
        """Return what doit keeps after a success."""
        return {"settings": self.digest}

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:
        """Answer doit's question, and have the digest saved when the task runs."""
        task.value_savers.append(self.saved)
        return values.get("settings") == self.digest


class Untouched(UpToDate):
    """`uptodate` of every task: what it left is as it left it (doit looks only if it is there).

    Args:
        targets: the task's targets.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self.targets = tuple(targets)

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:
        """Return what somebody has changed; what is missing is doit's own matter."""
        known = values.get("targets", {})
        return [
            f"{target} was changed by somebody"
            for target in self.targets
            if world.exists(target) and not _same(world.path(target), known.get(target))
        ]

    def saved(self) -> dict[str, Any]:
        """Return what doit keeps after a success."""
        there = [target for target in self.targets if (paths.ROOT / target).is_file()]
        return {"targets": {target: _mark(paths.ROOT / target) for target in there}}

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:
        """Answer doit's question, and have the marks saved when the task runs."""
        task.value_savers.append(self.saved)
        return super().__call__(task, values)


def _mark(path: Path) -> list[Any]:
    stat = path.stat()
    return [stat.st_mtime_ns, stat.st_size, checker.digest(str(path))]


def _same(path: Path, mark: list[Any] | None) -> bool:
    if mark is None or not path.is_file():
        return mark is None
    stat = path.stat()
    # A big target is read again only when it was written since.
    return [stat.st_mtime_ns, stat.st_size] == mark[:2] or checker.digest(str(path)) == mark[2]


class Always(UpToDate):
    """`uptodate` of an observer, a gate or a question: never."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return the reason given."""
        return [self.reason]
