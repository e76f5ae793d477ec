"""Write a layer: a tar archive in gzip that is the same, byte for byte, wherever it is made.

Nothing of the machine gets in: entries are sorted, times and owners set, no names of users, modes
of two kinds only; plain ustar headers, and PAX ones only where a name does not fit. The gzip header
is written here since Python's own differs between versions. Deflate is zlib's, level 6: a Python
built on another library (zlib-ng) may compress differently; the `diff_id`, of the archive itself,
is the same even then.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tasks.kernel.errors import SlipwayError
from tasks.registry.ocidir import CHUNK, Blobs

from .copies import Entry

_LATEST = 0o77777777777  # what a ustar header can hold
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no system
_LEVEL = 6
_TYPES = {"dir": tarfile.DIRTYPE, "file": tarfile.REGTYPE, "link": tarfile.SYMTYPE}


@dataclass(frozen=True)
class Written:
    """A layer that was written: digest and size of the blob, digest of the archive inside."""

    digest: str
    size: int
    diff_id: str


class _Sink(Protocol):
    def write(self, chunk: bytes, /) -> int: ...


def write(entries: Sequence[Entry], store: Blobs, created: int) -> Written:
    """Write a layer into a layout.

    Args:
        entries: what is in it, sorted.
        store: the layout's blobs.
        created: the time of every entry, in seconds since 1970.

    Raises:
        SlipwayError: a file cannot be read, or changed meanwhile.
    """
    with store.create() as draft:
        archive = _Gzip(draft)
        for entry in entries:
            _write_entry(entry, archive, max(0, min(created, _LATEST)))
        archive.write(tarfile.NUL * (2 * tarfile.BLOCKSIZE))
        archive.close()
    return Written(draft.digest, draft.size, f"sha256:{archive.sha256.hexdigest()}")


class _Gzip:
    """Compresses what is written, and hashes it uncompressed."""

    def __init__(self, target: _Sink) -> None:
        self.target = target
        self.sha256 = hashlib.sha256()
        self.deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self.checksum = 0
        self.size = 0
        target.write(_GZIP_HEADER)

    def write(self, chunk: bytes, /) -> int:
        self.sha256.update(chunk)
        self.checksum = zlib.crc32(chunk, self.checksum)
        self.size += len(chunk)
        self.target.write(self.deflate.compress(chunk))
        return len(chunk)

    def close(self) -> None:
        self.target.write(self.deflate.flush())
        self.target.write(struct.pack("<LL", self.checksum, self.size & 0xFFFFFFFF))


def _write_entry(entry: Entry, archive: _Sink, created: int) -> None:
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[entry.kind]
    info.mode = entry.mode
    info.uid, info.gid = entry.owner
    info.mtime = created
    info.linkname = entry.target
    if entry.source is None:
        archive.write(_header(info))
        return
    with _opened(entry.source) as stream:
        info.size = os.fstat(stream.fileno()).st_size
        archive.write(_header(info))
        _copy(stream, info.size, archive, entry.source)
    archive.write(tarfile.NUL * (-info.size % tarfile.BLOCKSIZE))


def _header(info: tarfile.TarInfo) -> bytes:
    """Return a ustar header when everything fits into one, as every tool reads those alike."""
    if (info.name + info.linkname).isascii():
        try:
            return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
        except ValueError:
            pass  # too long, or too large
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _opened(path: Path) -> IO[bytes]:
    """Open a regular file of the context, and nothing that was put there in its place."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SlipwayError(
            f"the file cannot be read: {error.strerror}", where=str(path), fix="check its mode"
        ) from None
    stream = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        stream.close()
        raise _changed(path)
    return stream


def _copy(stream: IO[bytes], size: int, archive: _Sink, path: Path) -> None:
    left = size
    while left:
        chunk = stream.read(min(left, CHUNK))
        if not chunk:
            raise _changed(path)
        archive.write(chunk)
        left -= len(chunk)


def _changed(path: Path) -> SlipwayError:
    return SlipwayError(
        "the file changed while it was copied into the image",
        where=str(path),
        fix="let nothing write to the build context, then build again",
    )
