"""What paths the image has so far: needed to know where COPY puts things, and what it must make."""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass, field

from tasks.registry.layers import covers, path_of, whiteout

_MOST_LINKS = 40
_FOLDER = None
_FILE = ""


@dataclass
class Tree:
    """The image's paths, without a leading slash.

    Attributes:
        paths: what stands where: None for a folder, "" for a file, else a link's target.
    """

    paths: dict[str, str | None] = field(default_factory=dict)

    def is_folder(self, path: str) -> bool:
        """Return whether a folder stands there."""
        return path == "" or (path in self.paths and self.paths[path] is _FOLDER)

    def exists(self, path: str) -> bool:
        """Return whether anything stands there."""
        return path == "" or path in self.paths

    def resolve(self, path: str) -> str:
        """Return where a path leads when the image's links are followed, within the image.

        What does not exist, and links that go round in a circle, are taken as they are.
        """
        todo, done, links = path.split("/"), list[str](), 0
        while todo:
            part = todo.pop(0)
            if part in {"", "."}:
                continue
            if part == "..":
                done = done[:-1]
                continue
            target = self.paths.get("/".join([*done, part])) or ""
            if not target or links >= _MOST_LINKS:
                done.append(part)
                continue
            links += 1
            if target.startswith("/"):
                done = []
            todo[:0] = target.split("/")
        return "/".join(done)

    def folder(self, path: str) -> None:
        """Note a folder."""
        self.paths[path] = _FOLDER

    def file(self, path: str) -> None:
        """Note a regular file."""
        self.paths[path] = _FILE

    def link(self, path: str, target: str) -> None:
        """Note a symbolic link."""
        self.paths[path] = target

    def apply(self, layer: tarfile.TarFile) -> None:
        """Put a layer on top: first what it hides, then what it has."""
        members = {path_of(member.name): member for member in layer}
        for path in members:
            if (gone := whiteout(path)) is not None:
                self._remove(gone[0], opaque=gone[1])
        for path, member in members.items():
            if not path or whiteout(path) is not None:
                continue
            self._parents(path)
            if member.isdir():
                self.folder(path)
                continue
            if self.is_folder(path):
                self._remove(path, opaque=False)
            if member.issym():
                self.link(path, member.linkname)
            else:
                self.file(path)

    def _parents(self, path: str) -> None:
        parent = posixpath.dirname(path)
        while parent and parent not in self.paths:
            self.folder(parent)
            parent = posixpath.dirname(parent)

    def _remove(self, target: str, *, opaque: bool) -> None:
        self.paths = {
            path: kind
            for path, kind in self.paths.items()
            if not covers(target, path) and (opaque or path != target)
        }
