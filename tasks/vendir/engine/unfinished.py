"""What a swap writes down before it begins, and how it is undone when it has not come to its end.

What is kept (by hand, or lazily) moves out of the old tree into the new one, for a copy of it would
not be the same. So an old tree that is put back gets it back first.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from .folders import link_above, make_folders
from .paths import clean

NOTE: Final = "swap"
_ASIDE: Final = r"[0-9]+-old"  # what `Area.swap` calls a tree that it sets aside
_STAGED: Final = r"[0-9]+-staging"
_ROW: Final = r"([0-7]{1,4}) (.+)"


def write_down(area: Path, aside: Path, staged: Path, place: str, rows: Sequence[str]) -> None:
    """Write down what a swap is about to do.

    Args:
        area: the sync's temporary folder.
        aside: where in it the old tree goes.
        staged: where in it the new tree is.
        place: where the one stands and the other will, from the root.
        rows: what `rows_of` returns.
    """
    parts = [f"{aside.name}\n{place}", *([staged.name, *rows] if rows else [])]
    with (area / NOTE).open("wb") as file:
        file.write(os.fsencode("\0".join(parts)))
        file.flush()
        os.fsync(file.fileno())


def rows_of(tree: Path, kept: Collection[str]) -> list[str]:
    """Return a row for each path that moves, and for each folder above it: its mode, its name."""
    inner = {
        "/".join(parts[:count])
        for parts in (path.split("/") for path in kept)
        for count in range(1, len(parts) + 1)
    }
    lowest_first = sorted(inner, key=lambda path: -path.count("/"))
    return [f"{stat.S_IMODE((tree / path).lstat().st_mode):o} {path}" for path in lowest_first]


def put_back(area: Path, root: Path, own: Collection[str]) -> bool:
    """Put an old tree back that has lost its place, with what had moved out of it.

    What an area says of itself may have come with a repository: it is not trusted.

    Args:
        area: a temporary folder, of this sync or of a killed one.
        root: the root of the sync.
        own: the places that may be swapped, from the root.

    Returns:
        Whether nothing is left in the area that nobody has besides.
    """
    try:
        text = os.fsdecode((area / NOTE).read_bytes())
    except OSError:
        return True  # it was killed while nothing was being swapped
    name, _, rest = text.partition("\n")
    place, *more = rest.split("\0")
    aside, target = area / name, root / place
    if not re.fullmatch(_ASIDE, name) or not os.path.lexists(aside):
        return True
    if place not in own:
        return False  # a tree of a configuration that is another by now
    new = area / more[0] if more and re.fullmatch(_STAGED, more[0]) else None
    if os.path.lexists(target):
        # Beside a new tree that has not arrived, what stands there is somebody else's.
        return new is None or not os.path.lexists(new)
    if new is not None:
        for row in more[1:]:
            _move_back(aside, new, row)
    make_folders(target.parent)
    aside.rename(target)
    return True


def _move_back(aside: Path, new: Path, row: str) -> None:
    found = re.fullmatch(_ROW, row, re.DOTALL)
    if not found or found[2] != clean("/" + found[2])[1:]:
        return
    if link_above(aside, found[2]) or link_above(new, found[2]):
        return
    old, moved = aside / found[2], new / found[2]
    if os.path.lexists(moved) and not os.path.lexists(old):
        move(moved, old)
    if old.is_dir() and not old.is_symlink():
        old.chmod(int(found[1], 8))


def move(source: Path, to: Path) -> None:
    """Rename something, also if its folder or it itself may not be written to."""
    make_movable(source.parent)
    mode = make_movable(source)
    source.rename(to)
    if mode is not None:
        to.chmod(mode)


def make_movable(tree: Path) -> int | None:
    """Let a folder that may not be written to be written to: else it cannot get another parent.

    Returns:
        The mode that it had; None when nothing was changed.
    """
    mode = tree.lstat().st_mode
    if not stat.S_ISDIR(mode) or mode & stat.S_IWUSR:
        return None
    tree.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    return stat.S_IMODE(mode)
