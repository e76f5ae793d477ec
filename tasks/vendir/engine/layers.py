"""Layers of an image, written on top of one another: files alone, never a link.

The original passes over links in silence, so that what a chart or a program needs is missing; here
a link that is asked for is an error. As none is ever made, nothing can be written through one.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from tasks.kernel.errors import SlipwayError
from tasks.registry.layers import covers, whiteout

from .folders import make_folders, remove, walk
from .paths import clean

_MODES: Final = 0o777
_OWNER: Final = 0o700
_OTHERS: Final = 0o077


class Tree:
    """What the layers so far come to.

    Args:
        folder: where; empty.
        where: the image, for messages.
    """

    def __init__(self, folder: Path, where: str) -> None:
        self._folder = folder
        self._where = where
        self._links: dict[str, str] = {}
        self._above_links: set[str] = set()  # folders that have, or had, a link below them
        self._modes: dict[str, int] = {}

    def add(self, layer: tarfile.TarFile) -> None:
        """Write a layer on top of the others.

        Raises:
            SlipwayError: it has a member that leaves the image, or is a device.
        """
        written: set[str] = set()
        for member in layer:
            path = self._inside(member.name)
            if not path:
                continue
            if (hidden := whiteout(path)) is not None:
                self._hide(*hidden, written)
                continue
            written.add(path)
            self._write(layer, member, path)

    def finish(self, wanted: Callable[[str], bool]) -> None:
        """Set the folders' modes, when everything is written.

        Raises:
            SlipwayError: a path that is wanted is a link.
        """
        if links := sorted(path for path in self._links if wanted(path)):
            raise SlipwayError(
                f"the image has links, which are not unpacked: {len(links)}",
                where=self._where,
                detail=[f"{path} → {self._links[path]}" for path in links[:8]],
                fix="leave them out by includePaths or excludePaths",
            )
        for path, mode in self._modes.items():
            if (self._folder / path).is_dir():
                (self._folder / path).chmod(mode | _OWNER)

    def _inside(self, name: str) -> str:
        """Return a member's path from the root of the image; "" is the root."""
        path = clean(f"./{name}")
        if path.split("/")[0] == ".." or "\0" in path:
            raise self._refused(f"the image has a member that leaves it: {name!r}")
        return "" if path == "." else path

    def _refused(self, what: str) -> SlipwayError:
        return SlipwayError(what, where=self._where, fix="take another image, or build it anew")

    def _write(self, layer: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        target = self._folder / path
        mode = member.mode & _MODES
        if not mode & _OTHERS:  # as the original does: what its owner may, all may
            mode |= (mode & _OWNER) >> 3 | (mode & _OWNER) >> 6
        self._make_way(f"{path}/" if member.isdir() else path)
        if member.isdir():
            self._links.pop(path, None)
            self._modes[path] = mode
        elif member.issym() or member.islnk():
            self._replace(path)
            self._links[path] = member.linkname
            parts = path.split("/")
            self._above_links.update("/".join(parts[:count]) for count in range(1, len(parts)))
        elif (source := layer.extractfile(member) if member.isreg() else None) is not None:
            self._replace(path)
            with source, target.open("xb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(mode)
        else:
            raise self._refused(f"the image has a device or a pipe: {path!r}")

    def _make_way(self, path: str) -> None:
        """Have the folders that a path is in; a file in the place of one goes."""
        parts = path.split("/")[:-1]
        for step in ("/".join(parts[:count]) for count in range(1, len(parts) + 1)):
            if (self._folder / step).is_file():
                self._replace(step)
        make_folders(self._folder.joinpath(*parts))

    def _replace(self, path: str) -> None:
        """Take away what is at a path, and below it."""
        remove(self._folder / path)
        self._links.pop(path, None)
        if path in self._above_links:
            for each in [each for each in self._links if covers(path, each)]:
                del self._links[each]

    def _hide(self, path: str, only_inside: bool, written: Collection[str]) -> None:
        """Take away what lower layers have at a path, and below it.

        Args:
            path: from the root.
            only_inside: leave the folder itself.
            written: what this layer has written, which stays.
        """
        if path and (clean(path) != path or path == ".."):
            raise self._refused(f"the image has a whiteout of what is no file: {path!r}")

        def goes(each: str) -> bool:
            here = each == path and not only_inside
            return (here or covers(path, each)) and each not in written

        for link in [each for each in self._links if goes(each)]:
            del self._links[link]
        top = self._folder / path
        if not top.is_dir():
            if goes(path) and top.is_file():
                top.unlink()
            return
        for parent, folders, names in reversed(list(walk(top))):
            above = os.path.relpath(parent, self._folder)
            for name in (*names, *folders):
                inner = name if above == "." else f"{above}/{name}"
                if goes(inner):
                    _remove_alone(self._folder / inner)
        if goes(path):
            _remove_alone(top)


def _remove_alone(path: Path) -> None:
    """Remove a file, or a folder when nothing is left in it."""
    if not path.is_dir():
        path.unlink()
    elif not any(path.iterdir()):
        path.rmdir()
