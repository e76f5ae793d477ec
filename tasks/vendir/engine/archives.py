"""Archives as the original unpacks them: files alone, without x bits and empty folders.

Unlike there, a member that would leave the folder is an error, and so is a link.
"""

from __future__ import annotations

import gzip
import mmap
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Literal, Self

from tasks.kernel.errors import SlipwayError

from .folders import make_folders
from .paths import clean

_Tar = Literal["r:gz", "r:"]
_LOCAL: Final = b"PK\3\4"
_LOCAL_SIZE: Final = 30  # bytes, without the name
_NEWEST: Final = 63  # the version of the format that is needed at most, without its point
_SYSTEMS: Final = 19
_METHODS: Final = 100
_END: Final = b"PK\5\6"
_END_SIZE: Final = 22  # bytes, without the comment
_IN_ZIP64: Final = 0xFFFFFFFF
_SPOILT: Final = ("CRC", "Incorrect length")
_GZIP: Final = b"\x1f\x8b\x08"
_PACKED: Final = (_GZIP, b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
_PIECE: Final = 1 << 20
_CUT_OFF: Final = (tarfile.TruncatedHeaderError, tarfile.InvalidHeaderError)  # type: ignore[attr-defined]
_TARS: Final[tuple[_Tar, ...]] = ("r:gz", "r:")  # any other compression stays a file
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError, RuntimeError)


class _Header(tarfile.TarInfo):
    """The header of a member: the library takes one that is cut off or damaged for the end."""

    @classmethod
    def fromtarfile(cls, file: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(file)
        except _CUT_OFF as error:
            raise tarfile.ReadError(str(error)) from None


def unpack(archive: Path, into: Path, where: str, name: str = "") -> bool:
    """Unpack a zip, a tar or a gzipped tar; return False when it is none of them.

    Nothing at all is a tar without members.

    Args:
        archive: the file.
        into: a path that is free.
        where: for messages.
        name: what the file is called where it comes from.

    Raises:
        SlipwayError: it is damaged, or has a member that cannot be had.
    """
    if not archive.stat().st_size:
        return _all(iter(()), into, where)
    if zipfile.is_zipfile(archive):
        return _all(_zipped(archive, where), into, where)
    for how in _TARS:
        if _is_tar(archive, how):
            return _all(_tarred(archive, how, where), into, where)
    if why := _damage(archive, name):
        raise _damaged(why, where)
    return False


def _is_tar(archive: Path, how: _Tar) -> bool:
    try:
        with tarfile.open(archive, how, tarinfo=_Header) as file:
            return file.next() is not None
    except _BROKEN:
        return False


def _damage(archive: Path, name: str) -> str:
    """Return what shows that a file was to be an archive, and is not all of it; "" for nothing."""
    with archive.open("rb") as file:
        head = file.read(tarfile.BLOCKSIZE)
    if _begins_a_zip(head) and not _has_an_end(archive):
        return "it begins as a zip does, and does not end as one"
    if name.endswith(".tar") and len(head) < tarfile.BLOCKSIZE and not head.startswith(_PACKED):
        return "it is shorter than the first header of a tar"
    return _gzip_damage(archive) if head.startswith(_GZIP) else ""


def _gzip_damage(archive: Path) -> str:
    try:
        with gzip.open(archive) as stream:
            while stream.read(_PIECE):
                pass
    except (EOFError, zlib.error) as error:
        return str(error)
    except gzip.BadGzipFile as error:
        # A header that is none comes behind a stream that has ended well: something else follows.
        return str(error) if str(error).startswith(_SPOILT) else ""
    return ""


def _begins_a_zip(head: bytes) -> bool:
    """Say whether a header of a zip begins here, and not a text; it may be cut off anywhere."""
    if head.startswith(_END):
        return not any(head[4:8])  # of a zip in one part
    if not head.startswith(_LOCAL):
        return False
    version, method = (int.from_bytes(head[at : at + 2], "little") for at in (4, 8))
    named = len(head) < _LOCAL_SIZE or any(head[26:28])
    return version & 0xFF <= _NEWEST and version >> 8 <= _SYSTEMS and method < _METHODS and named


def _has_an_end(archive: Path) -> bool:
    """Say whether the end of a zip stands anywhere in it: what follows may be of any length."""
    with archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        at = len(whole)
        while (at := whole.rfind(_END, 0, at)) >= 0:
            size, offset = struct.unpack("<12x2I", whole[at : at + 20].ljust(20, b"\0"))
            if at + _END_SIZE <= len(whole) and (offset + size == at or offset == _IN_ZIP64):
                return True
    return False


def _damaged(why: object, where: str) -> SlipwayError:
    return SlipwayError(
        f"the archive is damaged: {why}",
        where=where,
        fix="run the same again; is it whole where it comes from? then disableUnpack: true takes it"
        " as it is",
    )


def _all(members: Iterator[tuple[str, IO[bytes]]], into: Path, where: str) -> bool:
    into.mkdir(mode=0o700)
    try:
        for name, source in members:
            target = into / _inside(name, where)
            make_folders(target.parent)
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(0o644)
    except _BROKEN as error:
        raise _damaged(error, where) from None
    return True


def _inside(name: str, where: str) -> str:
    path = clean(name)
    if path.startswith("/") or path.split("/")[0] in ("..", ".") or {"\\", "\0"} & set(name):
        raise SlipwayError(f"the archive has a member that leaves it: {name!r}", where=where)
    return path


def _zipped(archive: Path, where: str) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                raise _link(member.filename, where)
            if not member.is_dir():
                yield member.filename, file.open(member)


def _tarred(archive: Path, how: _Tar, where: str) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive, how, tarinfo=_Header) as file:
        for member in file:
            if member.isdir():
                continue
            source = file.extractfile(member) if member.isreg() else None
            if source is None:
                raise _link(member.name, where)
            yield member.name, source


def _link(name: str, where: str) -> SlipwayError:
    return SlipwayError(
        f"the archive has a member that is no file: {name!r}",
        where=where,
        fix="disableUnpack: true takes the archive as it is",
    )
