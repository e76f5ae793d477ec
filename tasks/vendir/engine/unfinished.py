"""What a swap writes down before it begins, and how it is undone when it has not come to its end.

What is kept (by hand, or lazily) moves out of the old tree into the new one, for a copy of it would
not be the same. So an old tree that is put back gets it back first.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .folders import link_above, make_folders
from .paths import clean

NOTE: Final = "swap"
_ASIDE: Final = r"[0-9]+-old"  # what `Area.swap` calls a tree that it sets aside
_STAGED: Final = r"[0-9]+-staging"
_ROW: Final = r"([0-7]{1,4}) (.*)"


def write_down(area: Path, aside: Path, staged: Path, place: str, rows: Sequence[str]) -> None:
    """Write down what a swap is about to do.

    Args:
        area: the sync's temporary folder.
        aside: where in it the old tree goes.
        staged: where in it the new tree is.
        place: where the one stands and the other will, from the root.
        rows: what `rows_of` returns.
    """
    parts = [f"{aside.name}\n{place}", staged.name, *rows]
    with (area / NOTE).open("wb") as file:
        file.write(os.fsencode("\0".join(parts)))
        file.flush()
        os.fsync(file.fileno())


def rows_of(tree: Path, kept: Collection[str]) -> list[str]:
    """Return a row for each path that moves, and for each folder above it: its mode, its name.

    The tree itself has the last one, without a name.
    """
    inner = {
        "/".join(parts[:count])
        for parts in (path.split("/") for path in kept)
        for count in range(1, len(parts) + 1)
    }
    lowest_first = [*sorted(inner, key=lambda path: -path.count("/")), ""]
    return [f"{stat.S_IMODE((tree / path).lstat().st_mode):o} {path}" for path in lowest_first]


def put_back(area: Path, root: Path, own: Collection[str]) -> list[Path]:
    """Put an old tree back that has lost its place, with what had moved out of it.

    What an area says of itself may have come with a repository: it is not trusted.

    Args:
        area: a temporary folder, of this sync or of a killed one.
        root: the root of the sync.
        own: the places that may be swapped, from the root.

    Returns:
        What is left in the area that nobody has besides.
    """
    try:
        text = os.fsdecode((area / NOTE).read_bytes())
    except OSError:
        return []  # it was killed while nothing was being swapped
    name, _, rest = text.partition("\n")
    place, *more = rest.split("\0")
    if not re.fullmatch(_ASIDE, name):
        return []
    staged = more[0] if more and re.fullmatch(_STAGED, more[0]) else ""
    rows = _read(more[1:]) if staged else {}
    aside, target, new = area / name, root / place, area / (staged or name)
    try:
        if place in own:
            kept = {path for path in rows if path and f"{place}/{path}" in own}
            return _put_back(aside, target, new, rows, kept)
        # A tree of a configuration that is another by now.
        return [aside] if os.path.lexists(aside) else []
    except OSError:
        return [area]


def _put_back(
    aside: Path, target: Path, new: Path, rows: Mapping[str, int], kept: Collection[str]
) -> list[Path]:
    if not os.path.lexists(aside):
        if "" in rows and os.path.lexists(new):
            _lock_again(target, rows[""])
        return []
    if os.path.lexists(target):
        # Beside a new tree that has not arrived, what stands there is somebody else's.
        return _give_back(aside, target, new, rows, kept) if os.path.lexists(new) else []
    for path, mode in rows.items():
        old = aside / path
        if path and _may_move(new, aside, path) and old.parent.is_dir():
            move(new / path, old)
        if path and not link_above(aside, path):
            _lock_again(old, mode)
    make_folders(target.parent)
    aside.rename(target)
    if "" in rows:
        _lock_again(target, rows[""])
    return []


def _read(rows: Sequence[str]) -> dict[str, int]:
    """Return path → mode; a path that is not written as it would be here is passed over."""
    found = [each for row in rows if (each := re.fullmatch(_ROW, row, re.DOTALL))]
    return {each[2]: int(each[1], 8) for each in found if each[2] == clean("/" + each[2])[1:]}


def _give_back(
    aside: Path, target: Path, new: Path, rows: Mapping[str, int], kept: Collection[str]
) -> list[Path]:
    """Move what is kept into the tree that stands there by now; return what cannot move."""
    left = []
    for path, mode in rows.items():
        if not path or any(each.startswith(f"{path}/") for each in rows):
            continue  # a folder above what is kept
        for tree in (new, aside):
            if path in kept and _may_move(tree, target, path):
                with suppress(OSError):  # a file stands where a folder stood
                    make_folders((target / path).parent)
                    move(tree / path, target / path)
                    _lock_again(target / path, mode)
            if os.path.lexists(tree / path):
                left.append(tree / path)
    return left


def _may_move(source: Path, to: Path, path: str) -> bool:
    """Say whether something stands in one tree and not in another, and no link leads to it."""
    if link_above(source, path) or link_above(to, path):
        return False
    return os.path.lexists(source / path) and not os.path.lexists(to / path)


def _lock_again(folder: Path, mode: int) -> None:
    """Give a folder its mode again, if `make_movable` has taken it; nothing is opened by that."""
    now = folder.lstat().st_mode if os.path.lexists(folder) else 0
    if stat.S_ISDIR(now) and stat.S_IMODE(now) == mode | stat.S_IRWXU:
        folder.chmod(mode)


def hidden(areas: Iterable[Path], inner: str) -> list[Path]:
    """Return where killed syncs have left what stands at a path of a tree."""
    trees = (tree for area in areas if area.is_dir() for tree in sorted(area.iterdir()))
    return [
        tree / inner for tree in trees
        if re.fullmatch(f"{_ASIDE}|{_STAGED}", tree.name) and os.path.lexists(tree / inner)
    ]  # fmt: skip


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
