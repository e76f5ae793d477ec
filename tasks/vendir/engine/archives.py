"""Archives as the original unpacks them: files alone, without x bits and empty folders.

Unlike there, a member that would leave the folder is an error, and so is a link.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Literal

from tasks.kernel.errors import SlipwayError

from .paths import clean
from .staging import make_folders

_Tar = Literal["r:gz", "r:"]
_TARS: Final[tuple[_Tar, ...]] = ("r:gz", "r:")  # any other compression stays a file
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError, RuntimeError)


def unpack(archive: Path, into: Path, where: str) -> bool:
    """Unpack a zip, a tar or a gzipped tar; return False when it is none of them.

    Nothing at all is a tar without members.

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
    return False


def _is_tar(archive: Path, how: _Tar) -> bool:
    try:
        with tarfile.open(archive, how) as file:
            return file.next() is not None
    except _BROKEN:
        return False


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
        raise SlipwayError(f"the archive is damaged: {error}", where=where) from None
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
    with tarfile.open(archive, how) as file:
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
