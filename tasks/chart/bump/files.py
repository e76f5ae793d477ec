"""The edge: several files are changed together, or none of them is."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.kernel.errors import SlipwayError

WAIT = 30.0  # seconds for another process that edits in the same folder

Change = tuple[str | Path, Callable[[bytes], bytes]]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A file that is to change, with both its contents ready beside it."""

    file: Path
    new: Path
    old: Path


def rewrite(changes: Sequence[Change]) -> tuple[bool, ...]:
    """Change files through functions of their content, all or none.

    A link is followed, a file keeps its mode, an equal content leaves it untouched. All contents
    are computed and on the disk before the first file is replaced; when a replacement fails, the
    ones before it are taken back. (A machine that dies between two replacements leaves the first
    one made; the same command again makes the second.)

    Args:
        changes: each file with what makes its new content out of the old one.

    Returns:
        For each change, whether its file is another one now.

    Raises:
        SlipwayError: a file cannot be read or written, or stands there twice; or what a function
            raises.
    """
    files = [_resolved(path) for path, _ in changes]
    try:
        for number, file in enumerate(files):
            if any(file.samefile(other) for other in files[:number]):
                raise SlipwayError("the same file is named twice", where=str(changes[number][0]))
        with ExitStack() as stack:
            for folder in sorted({file.parent for file in files}):
                stack.enter_context(_alone_in(folder))
            contents = [file.read_bytes() for file in files]
            wanted = [change(old) for old, (_, change) in zip(contents, changes, strict=True)]
            both = list(zip(contents, wanted, strict=True))
            _replace(
                [
                    stack.enter_context(_staged(file, old, new))
                    for file, (old, new) in zip(files, both, strict=True)
                    if old != new
                ]
            )
    except OSError as error:
        raise SlipwayError(
            f"cannot be changed: {error.strerror}",
            where=str(error.filename2 or error.filename or files[0]),
            fix="nothing was changed",
        ) from None
    return tuple(old != new for old, new in both)


def _replace(pending: Sequence[_Pending]) -> None:
    done: list[_Pending] = []
    try:
        for one in pending:
            done.append(one)  # before: an interrupt can come right after the replacement
            one.new.replace(one.file)
    except BaseException:
        for one in reversed(done):
            if not one.new.exists():
                one.old.replace(one.file)
        raise


def _resolved(path: str | Path) -> Path:
    try:
        file = Path(path).resolve(strict=True)
        regular = stat.S_ISREG(file.stat().st_mode)
    except OSError as error:
        raise SlipwayError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (RuntimeError, ValueError) as error:  # a circle of links, a NUL
        raise SlipwayError(f"cannot be read: {error}", where=repr(str(path))) from None
    if not regular:
        raise SlipwayError("not a file", where=str(path))
    return file


@contextmanager
def _staged(file: Path, old: bytes, new: bytes) -> Iterator[_Pending]:
    """Write both contents beside a file, and clear away what is not used of them."""
    mode = stat.S_IMODE(file.stat().st_mode)
    with ExitStack() as stack:
        made = [stack.enter_context(_temporary(file, content, mode)) for content in (new, old)]
        yield _Pending(file, *made)


@contextmanager
def _temporary(file: Path, content: bytes, mode: int) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes of this kind out of a folder, without leaving a file in it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        begin = time.monotonic()
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - begin > WAIT:
                    raise SlipwayError(
                        "another process edits files here",
                        where=str(folder),
                        fix="wait for it to end, then run the same again",
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)
