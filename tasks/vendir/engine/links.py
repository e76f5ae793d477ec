"""Whether every link of a staged tree will resolve to something inside its directory.

The question is asked before the tree takes its place. So a link is followed as if it had: below
the places that are about to be replaced the staged trees are looked at, elsewhere the disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tasks.kernel.errors import SlipwayError

from .folders import walk
from .paths import is_within

_MOST_HOPS: Final = 255


class _Broken(Exception):
    """A link that leads nowhere; the text says why."""


def check(directory: Path, staged: Mapping[Path, Path]) -> None:
    """Check the links of a directory as it will be.

    Args:
        directory: where nothing may lead out of.
        staged: final place → the tree that is to stand there; the places are the directory itself
            or below it. Without the directory itself, what else is in it stays, and is looked at.

    Raises:
        SlipwayError: a link dangles, is one of a circle, or leads out; names the first few.
    """
    base = Path(os.path.realpath(directory.parent)) / directory.name
    if directory not in staged:  # it stays, even if it is a link
        base = Path(os.path.realpath(directory))
    trees = {_below(base, directory, place): tree for place, tree in staged.items()}
    if base.is_dir():
        trees.setdefault(str(base), base)
    places = {place: trees[place] for place in sorted(trees, key=len, reverse=True)}
    wrong = []
    for place, tree in places.items():
        for link in _links(tree, places):
            final = os.path.normpath(os.path.join(place, os.path.relpath(link, tree)))  # noqa: PTH118
            try:
                end = _resolve(final, places)
                if not is_within(end, str(base)):
                    raise _Broken(f"Invalid symlink found to outside parent directory: {end}")
            except _Broken as why:
                told = os.path.relpath(final, base.parent)
                wrong.append(f"{told} → {link.readlink()}: {why}")
    if wrong:
        raise SlipwayError(
            f"{len(wrong)} link{'s' * (len(wrong) > 1)} in {directory} cannot be followed there",
            detail=wrong[:8],
            fix="leave them out by excludePaths, or say --dangerous-allow-all-symlink-destinations",
        )


def _below(base: Path, directory: Path, place: Path) -> str:
    return os.path.normpath(base / os.path.relpath(place, directory))


def _links(tree: Path, places: Mapping[str, Path]) -> list[Path]:
    """Return the links of a tree, without what other trees are about to replace."""
    if tree.is_symlink():
        return [tree]
    if not tree.is_dir():
        return []
    found = []
    for parent, folders, names in walk(tree):
        folders[:] = [name for name in folders if f"{parent}/{name}" not in places]
        paths = (Path(parent, name) for name in names)
        found += [path for path in paths if path.is_symlink() and str(path) not in places]
    return sorted(found)


def _physical(path: str, places: Mapping[str, Path]) -> str:
    """Return where a final path is on the disk now; the places are the lowest first."""
    for place, tree in places.items():
        if is_within(path, place):
            return os.path.normpath(tree / os.path.relpath(path, place))
    return path


def _resolve(path: str, places: Mapping[str, Path]) -> str:
    """Return where a final path ends when every link on the way is followed.

    Raises:
        _Broken: it ends nowhere.
    """
    done, rest, hops = "/", path.strip("/").split("/"), 0
    while rest:
        name = rest.pop(0)
        if name in ("", "."):
            continue
        if name == "..":
            done = os.path.dirname(done)  # noqa: PTH120 - text, not the disk
            continue
        step = os.path.join(done, name)  # noqa: PTH118
        real = _physical(step, places)
        if not os.path.lexists(real) and not any(is_within(place, step) for place in places):
            raise _Broken("Unable to resolve symlink: nothing is there")
        if not os.path.islink(real):  # noqa: PTH114
            done = step
            continue
        hops += 1
        if hops > _MOST_HOPS:
            raise _Broken("Unable to resolve symlink: it goes in a circle")
        target = os.readlink(real)  # noqa: PTH115
        done = "/" if target.startswith("/") else done
        rest = [*target.split("/"), *rest]
    return done
