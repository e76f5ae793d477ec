"""What is judged: the head of this run, or what `ref=` names; each has facts of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernel import paths
from ..kernel.world import World


@dataclass(frozen=True, slots=True)
class Subject:
    """What checks look at.

    Attributes:
        ref: what `ref=` names; "" for the head.
    """

    ref: str = ""

    @property
    def head(self) -> str:
        """The fact that names the commit."""
        return paths.CHOSEN if self.ref else paths.HEAD

    @property
    def task(self) -> str:
        """The task that observes it."""
        return "ref" if self.ref else "source"

    @property
    def spoken(self) -> str:
        """What it is called in a line for a person."""
        return self.ref or "the head"

    def input(self, name: str) -> str:
        """Return the fingerprint file of an input set."""
        return paths.chosen_input(name) if self.ref else paths.head_input(name)

    def verdict(self, check: str) -> str:
        """Return the verdict file of a check."""
        return paths.chosen_verdict(check) if self.ref else paths.verdict(check)

    def told(self, world: World) -> dict[str, Any]:
        """Return the commit: `commit`, `subject`; what `ref=` names has a `tip` and a `base`, too.

        The tip is the newest commit of a person; a working tree with changes stands on top of it.
        The base is where it left the released branch, "" when they share nothing.
        """
        told: dict[str, Any] = world.json(self.head)
        return told

    def commit(self, world: World) -> str:
        """Return the commit to check out."""
        commit: str = self.told(world)["commit"]
        return commit
