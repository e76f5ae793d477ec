"""Where new trees are made, and how they take the place of the old ones without ever losing both.

Everything happens in `.vendir-tmp-*` below the root: what is fetched, what is staged, and the old
tree while the new one takes its place. A run that was killed leaves that folder; the next one puts
an old tree back whose successor never arrived, and removes the rest.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tasks.kernel.errors import SlipwayError

PREFIX: Final = ".vendir-tmp-"
_NOTE: Final = "swap"
_ASIDE: Final = r"[0-9]+-old"  # what `Area.swap` calls a tree that it sets aside
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

    def swap(self, staged: Path, target: Path) -> None:
        """Put a staged tree (or file) where the old one stands.

        Should this fail or be killed in between, the old tree comes back as the area is cleared:
        at the end of this sync, or at the beginning of the next.

        Raises:
            SlipwayError: the two are on different file systems.
        """
        make_folders(target.parent)
        aside = self.new("old")
        there = os.path.lexists(target)
        if there:
            self._note(target, aside)
            _make_movable(target)
        mode, around = _make_movable(staged), _make_movable(target.parent)
        try:
            if there:
                target.rename(aside)
            staged.rename(target)
            if mode is not None:
                target.chmod(mode)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            raise SlipwayError(
                f"{target} is on another file system than {self.root}",
                fix="run where both are on one, for example with --chdir",
            ) from None
        finally:
            if around is not None:
                target.parent.chmod(around)
        if there:
            remove(aside)
            (self.folder / _NOTE).unlink()

    def _note(self, target: Path, aside: Path) -> None:
        """Write down where the old tree goes, before it goes."""
        with (self.folder / _NOTE).open("wb") as file:
            file.write(os.fsencode(f"{aside.name}\n{os.path.relpath(target, self.root)}"))
            file.flush()
            os.fsync(file.fileno())


def _make_movable(tree: Path) -> int | None:
    """Let a folder that may not be written to be written to: else it cannot get another parent.

    Returns:
        The mode that it had; None when nothing was changed.
    """
    mode = tree.lstat().st_mode
    if not stat.S_ISDIR(mode) or mode & stat.S_IWUSR:
        return None
    tree.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    return stat.S_IMODE(mode)


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
    for folder in sorted(root.glob(f"{PREFIX}*")):
        if folder.is_dir() and not folder.is_symlink():
            _clear(root, folder, own)


def _clear(root: Path, folder: Path, own: Collection[str]) -> None:
    """Remove an area. What it says of itself may have come with a repository: it is not trusted."""
    try:
        name, _, place = os.fsdecode((folder / _NOTE).read_bytes()).partition("\n")
    except OSError:
        name = place = ""  # it was killed while nothing was being swapped
    aside, target = folder / name, root / place
    if re.fullmatch(_ASIDE, name) and os.path.lexists(aside):
        if place not in own:
            return  # a tree of a configuration that is another by now: nobody has it besides
        if not os.path.lexists(target):
            make_folders(target.parent)
            aside.rename(target)
    remove(folder)


def make_folders(folder: Path) -> None:
    """Make a folder and its missing parents, each for its owner alone, as the original does."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def remove(path: Path) -> None:
    """Remove a file, a link or a tree, also one whose folders may not be written to."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        _remove_tree(path)
    except PermissionError:
        path.chmod(0o700)
        for parent, folders, _ in os.walk(path):
            for name in folders:
                inner = Path(parent, name)
                if not inner.is_symlink():
                    inner.chmod(0o700)
        _remove_tree(path)


def _remove_tree(path: Path) -> None:
    with os.scandir(path) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                _remove_tree(Path(entry))
            else:
                os.unlink(entry)  # noqa: PTH108 - many, and no paths of their own
    path.rmdir()


def copy_tree(source: Path, to: Path, *, without: Path | None = None) -> None:
    """Copy a file or a tree with its modes, links as links.

    Args:
        source: what to copy.
        to: where; must not exist.
        without: a folder that is left out, should it stand inside of the source.

    Raises:
        SlipwayError: something in it is neither file, folder nor link.
    """
    import shutil  # a sync from git alone needs none of it

    if source.is_symlink() or not source.is_dir():
        shutil.copy2(source, to, follow_symlinks=False)
        return

    def left_out(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if without and Path(folder, name) == without]

    try:
        shutil.copytree(source, to, symlinks=True, ignore=left_out)
    except shutil.Error as error:
        said = [f"{place}: {why}" for place, _, why in error.args[0][:8]]
        raise SlipwayError(f"{source} cannot be copied", detail=said) from None
