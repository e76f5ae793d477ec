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

from .paths import is_within

_MOST_HOPS: Final = 255


class _Broken(Exception):
    """A link that leads nowhere; the text says why."""


def check(directory: Path, staged: Mapping[Path, Path]) -> None:
    """Check the links of all staged trees.

    Args:
        directory: where nothing may lead out of.
        staged: final place → the tree that is to stand there; the places are the directory itself
            or below it.

    Raises:
        SlipwayError: a link dangles, is one of a circle, or leads out; names the first few.
    """
    base = Path(os.path.realpath(directory.parent)) / directory.name
    if directory not in staged:  # it stays, even if it is a link
        base = Path(os.path.realpath(directory))
    places = {_below(base, directory, place): tree for place, tree in staged.items()}
    wrong = []
    for place, tree in places.items():
        for link in _links(tree):
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


def _links(tree: Path) -> list[Path]:
    if tree.is_symlink():
        return [tree]
    found = []
    for parent, folders, names in os.walk(tree):
        found += [p for name in (*folders, *names) if (p := Path(parent, name)).is_symlink()]
    return sorted(found)


def _physical(path: str, places: Mapping[str, Path]) -> str:
    """Return where a final path is on the disk now."""
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
