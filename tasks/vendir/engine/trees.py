"""The files of a commit: which there are, and written as they are.

Only the folders are read that may hold something that is kept. Names are not trusted: a tree is
whatever somebody has put together, not only what git would have made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tasks.kernel.errors import SlipwayError

from .objects import Objects

_FOLDER: Final = "40000"
_GITLINK: Final = "160000"
_LINK: Final = "120000"
_ID: Final = 20  # bytes


class Entry(NamedTuple):
    """A file of a commit."""

    mode: str
    blob: str
    path: str

    @property
    def submodule(self) -> bool:
        """Whether it is a commit of another repository."""
        return self.mode == _GITLINK


def entries(objects: Objects, commit: str, may: Callable[[str], bool]) -> list[Entry]:
    """Return the files of a commit, in order.

    Args:
        objects: of its repository.
        commit: full id.
        may: whether anything below a folder is of interest.

    Raises:
        SlipwayError: a tree is missing, or has a name that no file can have.
    """
    files: list[Entry] = []
    inside = [_folder(objects, f"{commit}^{{tree}}", "")]  # the rows of each folder we stand in
    while inside:
        entry = next(inside[-1], None)
        if entry is None:
            inside.pop()
        elif entry.mode != _FOLDER:
            files.append(entry)
        elif may(entry.path):
            inside.append(_folder(objects, entry.blob, f"{entry.path}/"))
    return files


def _folder(objects: Objects, tree: str, above: str) -> Iterator[Entry]:
    """Yield what a folder itself has, other folders too."""
    found = objects.read(tree)
    if found is None or found[1] != "tree":
        raise SlipwayError("a folder of the commit is missing", where=above or "its root")
    seen: set[str] = set()
    for mode, name, oid in _rows(found[2]):
        path = above + name
        if name in ("", ".", "..") or "/" in name or name.casefold() == ".git" or name in seen:
            raise SlipwayError("the commit has a path that cannot be written", where=path)
        seen.add(name)
        yield Entry(mode, oid, path)


def _rows(tree: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield mode, name and id of each row of a tree."""
    at = 0
    while at < len(tree):
        end = tree.index(b"\0", at)
        mode, _, name = tree[at:end].partition(b" ")
        at = end + 1 + _ID
        yield mode.decode().lstrip("0"), os.fsdecode(name), tree[end + 1 : at].hex()


def write(objects: Objects, wanted: Collection[Entry], into: Path) -> None:
    """Write files and links, each as it is in the commit.

    Args:
        objects: of the repository.
        wanted: no name in it can be taken for another's folder: `entries` has seen to that.
        into: a folder that is empty.
    """
    made = {""}
    for entry in wanted:
        _make(into, entry.path.rpartition("/")[0], made)
        path = into / entry.path
        if entry.mode == _LINK:
            found = objects.read(entry.blob)
            if found is None:
                raise SlipwayError(f"the content {entry.blob} is missing", where=entry.path)
            path.symlink_to(os.fsdecode(found[2]))
            continue
        mode = 0o777 if int(entry.mode, 8) & 0o100 else 0o666
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            objects.copy(entry.blob, file)


def _make(into: Path, folder: str, made: set[str]) -> None:
    """Make a folder and those above it, by the umask, as git does."""
    missing = []
    while folder not in made:
        missing.append(folder)
        folder = folder.rpartition("/")[0]
    for each in reversed(missing):
        (into / each).mkdir()
        made.add(each)
