"""Take a file out of an image that is in a registry, so that what ships is what was tested."""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.kernel.errors import SlipwayError

from . import content
from .layers import covers, opened, path_of, whiteout

if TYPE_CHECKING:
    from .port import Registry

_MOST_LINKS = 8


def find_file(registry: Registry, repository: str, digest: str, name: str) -> bytes | None:
    """Return the content of a file in an image.

    The layers are read from the top down, and no further than needed.

    Args:
        registry: where the image is.
        repository: of the image.
        digest: of the image.
        name: the file's path in the image, with a slash in it, or its base name alone.

    Returns:
        The content; None when no regular file of that name can be seen in the image.

    Raises:
        SlipwayError: a base name fits several files of one layer with different contents.
    """
    wanted = path_of(name) if "/" in name else name
    hidden = _Hidden()
    for layer in reversed(content.layers(registry, repository, digest)):
        where = f"{repository}@{digest}, layer {layer.digest}"
        with registry.open_blob(repository, layer.digest) as stream, opened(stream, where) as tar:
            entries = {path_of(member.name): member for member in tar.getmembers()}
            found = {
                path: content_
                for path, member in entries.items()
                if _fits(path, wanted, exact="/" in name)
                and not hidden.hides(path)
                and (content_ := _read(tar, member, entries)) is not None
            }
        if found:
            return _only(found, wanted, where)
        hidden.cover(entries)
    return None


@dataclass
class _Hidden:
    """What the layers read so far hide from those below."""

    paths: set[str] = field(default_factory=set)
    trees: set[str] = field(default_factory=set)

    def hides(self, path: str) -> bool:
        return path in self.paths or any(covers(tree, path) for tree in self.trees)

    def cover(self, entries: dict[str, tarfile.TarInfo]) -> None:
        for path, member in entries.items():
            gone = whiteout(path)
            if gone is not None:
                target, opaque = gone
                self.trees.add(target)
                if not opaque:
                    self.paths.add(target)
            else:
                self.paths.add(path)
                if not member.isdir():
                    self.trees.add(path)


def _fits(path: str, wanted: str, *, exact: bool) -> bool:
    return path == wanted if exact else posixpath.basename(path) == wanted


def _read(
    tar: tarfile.TarFile, member: tarfile.TarInfo, entries: dict[str, tarfile.TarInfo]
) -> bytes | None:
    """Return the content of a regular file, or of the one a hard link of the same layer names."""
    for _ in range(_MOST_LINKS):
        if member.isreg():
            stream = tar.extractfile(member)
            return stream.read() if stream else None
        following = entries.get(path_of(member.linkname)) if member.islnk() else None
        if following is None:
            return None
        member = following
    return None


def _only(found: dict[str, bytes], wanted: str, where: str) -> bytes:
    contents = set(found.values())
    if len(contents) > 1:
        raise SlipwayError(
            f"{len(found)} different files are called {wanted}",
            where=where,
            fix="name the one you mean by its path in the image",
            detail=sorted(f"/{path}" for path in found),
        )
    return contents.pop()
