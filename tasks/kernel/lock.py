"""The run lock: one run with effects at a time per working tree.

The lock is an open file with `flock`; programs that an effect runs inherit it, so that it outlives
a killed run for as long as they act. Processes that are meant to stay must not inherit it.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from . import paths
from .errors import SlipwayError

WAIT = 30.0  # seconds before another run gives up
_QUIET = 0.5  # seconds to wait before a person is told

_handle: int | None = None


def _wait(handle: int, patience: float, holder: Callable[[], str], busy: str, where: str) -> None:
    """Take the lock of an open file, with a line on the screen when somebody else has it.

    Raises:
        SlipwayError: they still have it after that time.
    """
    begin = time.monotonic()
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            waited = time.monotonic() - begin
            if waited >= patience:
                raise SlipwayError(
                    f"{busy}: {holder()}",
                    where=where,
                    fix="wait for it to end, or stop it, then run the same again",
                ) from None
            if waited >= _QUIET and not told:
                line = f"waiting up to {patience:g} s for {holder()}"
                print(line, file=sys.stderr, flush=True)
                told = True
            time.sleep(0.02)


@contextmanager
def exclusively(path: Path, patience: float = WAIT) -> Iterator[None]:
    """Hold a lock file while the body runs; the system frees the lock of a dead process.

    Args:
        path: made when missing, and left there: removing it would let two processes in.
        patience: seconds to wait for another process.

    Raises:
        SlipwayError: another process still holds it after that time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        holder = partial(_process, handle)
        _wait(handle, patience, holder, "another process is writing", str(path.parent))
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _process(handle: int) -> str:
    return f"process {os.pread(handle, 20, 0).decode(errors='replace').strip() or 'unknown'}"


def inherited() -> tuple[int, ...]:
    """Return the descriptors that a program run by an effect has to keep open."""
    return (_handle,) if _handle is not None else ()


def holder() -> str:
    """Return who holds the run lock, in words; told by the file: only right while it is held."""
    try:
        told = json.loads((paths.ROOT / paths.RUN_LOCK).read_text())
        return f"process {told['pid']} (doit {' '.join(told['selected'])}, since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def take(selected: list[str], wait: float = WAIT) -> None:
    """Take the run lock, waiting with a line on the screen.

    Args:
        selected: the names of the tasks of this run, told to others.
        wait: seconds to wait for another run.

    Raises:
        SlipwayError: another run still holds it after that time.
    """
    global _handle  # noqa: PLW0603 - one lock a process
    if _handle is not None:
        return
    try:
        handle = os.open(paths.ROOT / paths.RUN_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SlipwayError(
            f"nothing can be written here: {error.strerror}",
            where=paths.RUN_LOCK,
            fix="work in a folder that this user may write; doit plan and doit status need none",
        ) from None
    try:
        _wait(handle, wait, holder, "another run is busy in this folder", paths.RUN_LOCK)
    except BaseException:
        os.close(handle)
        raise
    since = datetime.now(UTC).strftime("%H:%M:%S UTC")
    told_of_me = json.dumps({"pid": os.getpid(), "selected": selected, "since": since})
    os.ftruncate(handle, 0)
    os.pwrite(handle, told_of_me.encode(), 0)
    # Only for those who name it (`inherited`): other programs are started with all else closed.
    os.set_inheritable(handle, True)
    _handle = handle


def release() -> None:
    """Give the run lock back before the process ends: it only waits from here on."""
    global _handle  # noqa: PLW0603 - one lock a process
    if _handle is not None:
        os.close(_handle)
        _handle = None
