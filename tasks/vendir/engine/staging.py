"""Where new trees are made, and how they take the place of the old ones without ever losing both.

Everything happens in `.vendir-tmp-*` below the root: what is fetched, what is staged, and the old
tree while the new one takes its place. A run that was killed leaves that folder; the next one puts
an old tree back whose successor never arrived, and removes the rest.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tasks.kernel import journal
from tasks.kernel.errors import SlipwayError

from .folders import make_folders, remove
from .unfinished import NOTE, make_movable, move, put_back, rows_of, write_down

PREFIX: Final = ".vendir-tmp-"
_PATIENCE: Final = 30.0  # seconds for another sync of the same root


class Area:
    """The temporary folder of one sync.

    Args:
        root: the root of the sync.
        folder: the area's own folder, below it.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self._made = 0

    def new(self, name: str) -> Path:
        """Return the path of a new folder that does not exist yet."""
        self._made += 1
        return self.folder / f"{self._made}-{name}"

    def swap(self, staged: Path, target: Path, kept: Collection[str] = ()) -> None:
        """Put a staged tree (or file) where the old one stands.

        Should this fail or be killed in between, the old tree comes back as the area is cleared:
        at the end of this sync, or at the beginning of the next.

        Args:
            staged: the new tree.
            target: where the old one stands.
            kept: paths that move out of the old tree into the new one.

        Raises:
            SlipwayError: the two, or what is kept, are on different file systems.
        """
        make_folders(target.parent)
        aside = self.new("old")
        there = os.path.lexists(target)
        if there:
            place, rows = os.path.relpath(target, self.root), rows_of(target, kept)
            write_down(self.folder, aside, staged, place, rows)
            make_movable(target)
        mode, around = make_movable(staged), make_movable(target.parent)
        try:
            if there:
                target.rename(aside)
            for inner in kept:
                move(aside / inner, staged / inner)
            staged.rename(target)
            if mode is not None:
                target.chmod(mode)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            raise SlipwayError(
                f"{target} is, or has files that are kept, on another file system than {self.root}",
                fix="run where both are on one, for example with --chdir",
            ) from None
        finally:
            if around is not None:
                target.parent.chmod(around)
        if there:
            remove(aside)
            (self.folder / NOTE).unlink()


@contextmanager
def area(root: Path, own: Collection[str]) -> Iterator[Area]:
    """Yield the area of a sync; there is one at a time in each root.

    Args:
        root: the root of the sync.
        own: the places that may be swapped, from the root: nothing else is ever put back.

    Raises:
        SlipwayError: another sync runs in this root, and does not end.
    """
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _wait(handle, root)
        collect(root, own)
        folder = root / f"{PREFIX}{os.urandom(8).hex()}"
        folder.mkdir(mode=0o700)
        try:
            yield Area(root, folder)
        finally:
            _clear(root, folder, own)
    finally:
        os.close(handle)


@contextmanager
def outside(root: Path) -> Iterator[Area]:
    """Yield an area that is not in the root, where nothing changes while the body reads it.

    Raises:
        SlipwayError: a sync runs in this root, and does not end.
    """
    import tempfile

    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=PREFIX)))
    try:
        _wait(handle, root)
        yield Area(root, folder)
    finally:
        remove(folder)
        os.close(handle)


def _wait(handle: int, root: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise SlipwayError(
                    "another sync is running here",
                    where=str(root),
                    fix="wait for it to end, then run the same again",
                ) from None
            time.sleep(0.05)


def collect(root: Path, own: Collection[str]) -> None:
    """Remove what killed runs have left, after putting back an old tree that lost its place."""
    for folder in areas(root):
        if folder.is_dir() and not folder.is_symlink():
            _clear(root, folder, own)


def areas(root: Path) -> list[Path]:
    """Return the temporary folders in a root, and whatever else is called so."""
    return sorted(root.glob(f"{PREFIX}*"))


def _clear(root: Path, folder: Path, own: Collection[str]) -> None:
    """Remove an area, unless it has what nobody has besides."""
    left = put_back(folder, root, own)
    if not left:
        remove(folder)
    for path in left:
        warning = f"warning: a sync that did not end has left {path}: take what is yours out of it"
        journal.say(f"{warning}, then remove {folder}")
        print(f"{warning}, then remove {folder}", file=sys.stderr)
