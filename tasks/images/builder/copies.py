"""COPY and ADD: from sources and a destination to the entries of a layer."""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .context import Context, Found, Kind
from .problem import Place
from .tree import Tree

_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Entry:
    """One entry of a layer.

    Attributes:
        path: in the image, without a leading slash.
        kind: folder, regular file or symbolic link.
        mode: permission bits.
        owner: numeric user and group.
        source: the file to read, None for anything but a file.
        target: what a link says.
    """

    path: str
    kind: Kind
    mode: int
    owner: tuple[int, int] = (0, 0)
    source: Path | None = None
    target: str = ""


@dataclass(frozen=True)
class Copy:
    """What a COPY says.

    Attributes:
        place: where in the Dockerfile.
        sources: as written, variables filled in.
        destination: as written, variables filled in.
        mode: of `--chmod`, None to go by the files.
        owner: of `--chown`.
    """

    place: Place
    sources: Sequence[str]
    destination: str
    mode: int | None = None
    owner: tuple[int, int] = (0, 0)


def entries(copy: Copy, context: Context, tree: Tree, workdir: str) -> list[Entry]:
    """Return the entries of the layer that a COPY makes, sorted, and note them in `tree`.

    Raises:
        SlipwayError: a source is refused (see `context`), or does not go where it should.
    """
    found = [source for text in copy.sources for source in context.sources(text, copy.place)]
    into = _means_folder(copy.destination)
    if len(found) > 1 and not into:
        raise copy.place.error(
            f"{len(found)} sources cannot go to one file", fix=f"write {copy.destination}/ for it"
        )
    target = tree.resolve(posixpath.join("/", workdir, copy.destination))
    layer = _Layer(copy, tree)
    for source in found:
        if source.kind == "dir":
            layer.folders(target)
            for inside in context.walk(source, copy.place):
                layer.put(inside, posixpath.join(target, inside.name))
        elif into or tree.is_folder(target):
            layer.put(source, posixpath.join(target, source.name))
        else:
            layer.put(source, target)
    # By components, so that a folder comes right before what is in it.
    return sorted(layer.made.values(), key=lambda entry: entry.path.split("/"))


def refuse_unpacking(copy: Copy, context: Context) -> None:
    """Refuse what ADD would unpack: only plain files and folders are the same as with COPY.

    Raises:
        SlipwayError: a source is an archive.
    """
    for text in copy.sources:
        for found in context.sources(text, copy.place):
            if found.kind == "file" and _is_archive(found.path):
                raise copy.place.error(
                    f"ADD would unpack the archive {found.name}",
                    fix="use COPY to copy it as it is, or unpack it before the build",
                )


class _Layer:
    """Collects the entries of one layer."""

    def __init__(self, copy: Copy, tree: Tree) -> None:
        self.copy = copy
        self.tree = tree
        self.made: dict[str, Entry] = {}

    def put(self, found: Found, wanted: str) -> None:
        """Put a file, folder or link at a path of the image."""
        folder = self.tree.resolve(posixpath.dirname(wanted))
        if found.kind == "dir":
            self.folders(wanted, self.copy.mode)
            return
        self.folders(folder)
        path = posixpath.join(folder, posixpath.basename(wanted))
        if self.tree.is_folder(path):
            raise self._wrong(f"/{path} is a folder in the image, {found.name} is not")
        if found.kind == "link":
            self.tree.link(path, found.target)
            self.made[path] = Entry(path, "link", 0o777, self.copy.owner, target=found.target)
        else:
            self.tree.file(path)
            mode = _mode(found.path) if self.copy.mode is None else self.copy.mode
            self.made[path] = Entry(path, "file", mode, self.copy.owner, source=found.path)

    def folders(self, wanted: str, mode: int | None = None) -> None:
        """Make a folder and those above it; what the image has already stays as it is."""
        path = self.tree.resolve(wanted)
        if self.tree.is_folder(path):
            return
        if self.tree.exists(path):
            raise self._wrong(f"/{path} is a file in the image, and has to be a folder")
        self.folders(posixpath.dirname(path))
        self.tree.folder(path)
        self.made[path] = Entry(path, "dir", 0o755 if mode is None else mode, self.copy.owner)

    def _wrong(self, what: str) -> Exception:
        return self.copy.place.error(what, fix="correct the destination")


def _means_folder(destination: str) -> bool:
    return destination.endswith("/") or posixpath.basename(destination) in {".", ".."}


def _mode(path: Path) -> int:
    """Return 0755 for what its owner may execute, else 0644, so that no umask matters."""
    return 0o755 if path.lstat().st_mode & stat.S_IXUSR else 0o644


def _is_archive(path: Path) -> bool:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        if stream.read(4) == _ZSTD:
            return True
        stream.seek(0)
        return tarfile.is_tarfile(stream)
