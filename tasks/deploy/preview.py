"""What would become of an environment with files that nobody has said yes to yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..kernel import paths, remotes
from ..kernel.world import World
from . import tfplan
from .prepare import opened

if TYPE_CHECKING:
    from ..promotion import engine

_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


def files(differences: Iterable[engine.Difference]) -> list[str]:
    """Return what becomes of files, a line each: `+ added`, `~ changed`, `- removed`."""
    return [f"{_SIGNS[one.kind]} {one.path}" for one in differences]


def planned(world: World, name: str, key: str) -> list[str]:
    """Return what the plan at hand would do, when it is one for these files; else nothing."""
    told = world.json_or(paths.tfplan(name), {})
    return _lines(told["empty"], told["summary"], told["lines"]) if told.get("key") == key else []


def plan(world: World, promoted: dict[str, Any]) -> list[str]:
    """Plan for the files of a fact, keep nothing of it, and return what it would do.

    Raises:
        Failed: Terraform refuses the files.
    """
    terraform = opened(world, promoted, aside="preview")
    terraform.validate()
    with remotes.scratch(world, f"preview:{promoted['environment']}") as folder:
        made = terraform.plan(folder / "preview.tfplan")
    return _lines(made.empty, made.summary, made.lines)


def _lines(empty: bool, summary: dict[str, int], lines: Any) -> list[str]:
    return [tfplan.says(empty, summary), *lines]
