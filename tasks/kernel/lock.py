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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from . import paths
from .errors import SlipwayError

WAIT = 30.0  # seconds before another run gives up

_handle: int | None = None


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Hold a lock file while the body runs, waiting for it; a killed holder leaves none."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
    handle = os.open(paths.ROOT / paths.RUN_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    end = time.monotonic() + wait
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                raise SlipwayError(
                    f"another run is busy in this folder: {holder()}",
                    where=paths.RUN_LOCK,
                    fix="wait for it to end, or stop it, then run the same again",
                ) from None
            if not told:
                print(f"waiting up to {wait:g} s for {holder()}", file=sys.stderr, flush=True)
                told = True
            time.sleep(0.1)
    since = datetime.now(UTC).strftime("%H:%M:%S UTC")
    told_of_me = json.dumps({"pid": os.getpid(), "selected": selected, "since": since})
    os.ftruncate(handle, 0)
    os.pwrite(handle, told_of_me.encode(), 0)
    _handle = handle
