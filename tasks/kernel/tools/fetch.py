"""Puts a fetched program into `.tools/NAME-VERSION/`: whole or not at all, one process at a time.

Everything is made in a scratch folder and renamed last. What a killed process left behind is
removed by the next one that fetches.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import facts
from ..errors import SlipwayError
from ..lock import exclusively
from . import memory, sums
from .download import Unreachable, download
from .pins import Member, Source, Tool
from .progress import Progress
from .unpack import unpack

_SCRATCH = ".work."
_PATIENCE = 900.0  # seconds to wait for another process that fetches


def place(name: str, member: Member, root: Path) -> Path:
    """Return where a fetched program is."""
    return root / memory.FOLDER / f"{name}-{member.version}" / name


def installed(name: str, member: Member, root: Path) -> Path | None:
    """Return a program that was fetched before, None when it is not there or is spoilt."""
    path = place(name, member, root)
    if not (path.is_file() and os.access(path, os.X_OK)):
        return None
    if memory.recall(root, path) == member.version:
        return path
    wanted = member.sha256 or _recorded(path)
    if sums.sha256(path) != wanted:
        return None
    memory.keep(root, path, member.version)
    return path


def fetch(tool: Tool, source: Source, root: Path) -> Path:
    """Return the fetched program, downloading it unless it is there.

    Args:
        tool: what is wanted.
        source: where it comes from; everything else in there is put in place as well.
        root: the checkout whose `.tools/` it goes to.

    Raises:
        SlipwayError: it could not be downloaded, or not be written.
        Failed: what came is not what was pinned.
    """
    member = source.members[tool.name]
    folder = root / memory.FOLDER
    try:
        with Progress(f"{tool.name} {member.version}") as progress:
            progress.waits("waiting for another process that fetches")
            with exclusively(folder / ".lock", patience=_PATIENCE):
                if ready := installed(tool.name, member, root):
                    return ready
                with _scratch(folder) as scratch:
                    _install(source, root, scratch, progress)
                return place(tool.name, member, root)
    except Unreachable as error:
        raise _offline(tool, error) from None
    except OSError as error:
        raise SlipwayError(
            f"{tool.name} could not be put into {memory.FOLDER}/: {error.strerror or error}",
            where=str(error.filename or folder),
            fix="is the disk full, or the folder not yours? put that right, then run the same again"
            f"; or install {tool.name} {tool.range} yourself: {tool.how}",
        ) from None


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield a new folder that is gone afterwards, as are those of processes that were killed."""
    for left in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _install(source: Source, root: Path, scratch: Path, progress: Progress) -> None:
    """Download a source and put all of its programs in place."""
    archive = download(source, scratch, progress)
    progress.does("unpacking")
    new = {name: scratch / f"new-{name}" / name for name in source.members}
    for path in new.values():
        path.parent.mkdir()
    inside = {member.path: new[name] for name, member in source.members.items()}
    unpack(archive, source.layers, inside, scratch)
    for name, member in source.members.items():
        if member.sha256:
            sums.verify(new[name], member.sha256, where=f"{member.path} in {source.name}")
    for name, member in source.members.items():
        _settle(name, new[name], place(name, member, root), scratch)
        memory.keep(root, place(name, member, root), member.version)
        progress.line(f"{name} {member.version} is in {memory.FOLDER}/{name}-{member.version}/")


def _settle(name: str, new: Path, to: Path, scratch: Path) -> None:
    """Move a finished program to its place, instead of a spoilt one and of its older versions."""
    facts.write_text(new.with_name(f"{name}.sha256"), f"{sums.sha256(new)}\n")
    new.chmod(0o755)
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    for number, other in enumerate(sorted(to.parent.parent.glob(f"{name}-[0-9]*"))):
        other.rename(scratch / f"old-{name}-{number}")
    new.parent.rename(to.parent)


def _recorded(path: Path) -> str:
    try:
        return path.with_name(f"{path.name}.sha256").read_text().strip()
    except (OSError, ValueError):
        return ""


def _offline(tool: Tool, error: SlipwayError) -> SlipwayError:
    return SlipwayError(
        f"{tool.name} is not installed, and fetching it did not work",
        where=error.where,
        detail=[error.what, *error.detail],
        fix=f"with a network, run the same again (HTTPS_PROXY names a proxy, PIP_INDEX_URL a mirror"
        f" of PyPI); without one, install {tool.name} {tool.range} yourself ({tool.how}), or copy"
        f" {memory.FOLDER}/ from another checkout on a machine like this one",
    )
