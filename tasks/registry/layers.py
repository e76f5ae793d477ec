"""What is in a layer: its entries, and how an upper layer hides what lies below (OCI whiteouts)."""

from __future__ import annotations

import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tasks.kernel.errors import SlipwayError

_PREFIX = ".wh."
_OPAQUE = ".wh..wh..opq"


@contextmanager
def opened(stream: IO[bytes], where: str) -> Iterator[tarfile.TarFile]:
    """Open a layer, compressed with gzip or not at all.

    Raises:
        SlipwayError: it is something else, or damaged, found out now or while it is read.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r:*") as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise SlipwayError(
            f"a layer cannot be read: {error}",
            where=where,
            fix="the image must have layers that are plain or gzip tar archives",
        ) from None


def path_of(name: str) -> str:
    """Return the path of an entry from the image's root, without a leading slash; "" is the root.

    A path that climbs out of the image stays at its root, as it would with chroot.
    """
    return posixpath.normpath("/" + name).lstrip("/")


def whiteout(path: str) -> tuple[str, bool] | None:
    """Read a whiteout entry.

    Returns:
        None for an ordinary entry; else the path that is hidden in the layers below, and whether
        only what is inside it is hidden (an opaque folder).
    """
    folder, name = posixpath.split(path)
    if name == _OPAQUE:
        return folder, True
    if name.startswith(_PREFIX):
        return posixpath.join(folder, name.removeprefix(_PREFIX)), False
    return None


def covers(folder: str, path: str) -> bool:
    """Return whether `path` lies below `folder`, which may be the root."""
    return path != folder and (not folder or path.startswith(f"{folder}/"))
