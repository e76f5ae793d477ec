"""What a promotion may touch, and whether it still merges."""

from __future__ import annotations

from ..kernel import git as g
from ..kernel import paths
from ..kernel.world import World
from .promotions import is_strange


def _base(world: World, head: str) -> str:
    """Return where a promotion's branch left the released branch; "" when they share nothing."""
    main = world.json(paths.HEAD)["commit"]
    return g.text("merge-base", main, head, repo=world.mirror("source"), ok=(0, 1))


def strange_files(world: World, head: str) -> list[str]:
    """Return the files that a promotion's branch changes and may not (`promotion.files`)."""
    base = _base(world, head)
    if not base:
        return ["everything: it shares no history with the released branch"]
    names = ("diff", "--name-only", "--no-renames", "-z", base, head, "--")
    found = g.text(*names, repo=world.mirror("source")).split("\0")
    allowed = world.config.promotion.files
    return [name for name in found if name and is_strange(name, allowed)]


def collides(world: World, head: str) -> bool:
    """Say whether the released branch changed the changelog since a promotion's branch left it."""
    main, base = world.json(paths.HEAD)["commit"], _base(world, head)
    file, mirror = world.config.release.changelog, world.mirror("source")
    return not base or g.returncode("diff", "--quiet", base, main, "--", file, repo=mirror) != 0
