"""One writer at a time per folder, across processes; a dead one's lock is freed by the system."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from .retry import say

_QUIET = 2.0  # seconds to wait before the user is told


@contextmanager
def exclusive(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock file `path` while the block runs.

    Args:
        path: made when missing, and left there: removing it would let two processes in.
        patience: seconds to wait for another process.

    Raises:
        SlipwayError: another process still holds it after that time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(handle, path, patience)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path, patience: float) -> None:
    begin = time.monotonic()
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            waited = time.monotonic() - begin
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            if waited >= patience:
                raise SlipwayError(
                    f"another process (id {holder}) has been writing for {waited:.0f} s",
                    where=str(path.parent),
                    fix="wait for it to end, or stop it, then run the same again",
                ) from None
            if waited >= _QUIET and not told:
                say(f"waiting up to {patience:g} s for process {holder}, it writes {path.parent}")
                told = True
            time.sleep(0.02)
