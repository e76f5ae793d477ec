"""The sum of a group whose members judge: how many said yes, and which said no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PASSED, BEFORE, NO, NOT_RUN = "passed", "passed before", "failed", "not run"


class Tally:
    """What came of the members of the groups that were asked for."""

    def __init__(self, tasks: Mapping[str, Any], selected: Iterable[str]) -> None:
        self.groups = {
            name: members
            for name in selected
            if (members := [t.name for t in tasks.values() if _judges(t) and t.subtask_of == name])
        }
        self.results: dict[str, str] = {}

    def note(self, task: Any, result: str) -> None:
        """Note what came of one task."""
        self.results[task.name] = result

    def lines(self) -> list[tuple[str, str, bool]]:
        """Return (group, words, whether all of it is well) for each group."""
        return [self._line(name, members) for name, members in self.groups.items()]

    def _line(self, group: str, members: list[str]) -> tuple[str, str, bool]:
        parts = []
        well = True
        for result in (PASSED, BEFORE, NO, NOT_RUN):
            names = [name for name in members if self.results.get(name, NOT_RUN) == result]
            if not names:
                continue
            bad = result in (NO, NOT_RUN)
            well = well and not bad
            which = ", ".join(name.partition(":")[2] for name in names)
            parts.append(f"{len(names)} {result}" + (f" ({which})" if bad else ""))
        return group, f"{len(members)} checks: {', '.join(parts)}", well


def _judges(task: Any) -> bool:
    return bool((task.meta or {}).get("judges"))
