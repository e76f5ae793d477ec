"""Folders on the disk, of any depth: walked, made, copied and removed without recursion.

What is vendored comes from others, and a thousand folders in one another are a few kB of a commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tasks.kernel.errors import SlipwayError


def walk(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each folder below one, itself first, with the folders and everything else in it.

    As with `os.walk`, which recurses in Python 3.11, a name that the caller takes out of the
    folders is not gone into. Links count as files, and a folder that cannot be read is an error.
    """
    waiting = [os.fspath(top)]
    for parent in waiting:
        folders: list[str] = []
        names: list[str] = []
        with os.scandir(parent) as found:
            for entry in found:
                (folders if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
        yield parent, folders, names
        waiting += [os.path.join(parent, name) for name in folders]  # noqa: PTH118 - many


def make_folders(folder: Path) -> None:
    """Make a folder and its missing parents, each for its owner alone, as the original does."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def link_above(top: Path, inner: str) -> Path | None:
    """Return the first link on the way to something below a folder; that itself may be one."""
    step = top
    for name in inner.split("/"):
        if step.is_symlink():
            return step
        step /= name
    return None


def remove(path: Path) -> None:
    """Remove a file, a link or a tree, also one whose folders may not be written to."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        _remove_tree(path)
    except PermissionError:
        path.chmod(0o700)
        for parent, folders, _ in walk(path):
            for name in folders:
                Path(parent, name).chmod(0o700)
        _remove_tree(path)


def _remove_tree(path: Path) -> None:
    emptied = []
    for parent, _, names in walk(path):
        for name in names:
            os.unlink(os.path.join(parent, name))  # noqa: PTH108, PTH118 - many
        emptied.append(parent)
    for folder in reversed(emptied):
        os.rmdir(folder)  # noqa: PTH106


def copy_tree(source: Path, to: Path, *, without: Path | None = None) -> None:
    """Copy a folder with its modes, links as links.

    Args:
        source: what to copy.
        to: where; must not exist.
        without: a folder that is left out, should it stand inside of the source.

    Raises:
        SlipwayError: something in it is neither file, folder nor link, or cannot be read.
    """
    import shutil  # a sync from git alone needs none of it

    made = []
    try:
        for parent, folders, names in walk(source):
            here = to / os.path.relpath(parent, source)
            here.mkdir()
            made.append((parent, here))
            folders[:] = [name for name in folders if Path(parent, name) != without]
            for name in names:
                shutil.copy2(Path(parent, name), here / name, follow_symlinks=False)
        for parent, here in reversed(made):  # one that may not be written to is full by now
            shutil.copystat(parent, here)
    except OSError as error:
        raise SlipwayError(
            f"{source} cannot be copied: {error.strerror or error}", where=str(error.filename or "")
        ) from None
