"""The full log of each task, `build/logs/TASK.log`: what ran, what it said, what went wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from . import paths
from .redact import redact

# One task runs at a time in a process or thread pool worker; threads share the process, hence the
# stack is per thread.
_open: dict[int, list[TextIO]] = {}


def _key() -> int:
    import threading

    return threading.get_ident()


@contextmanager
def of(task: str, *, keep: bool = True) -> Iterator[None]:
    """Write the log of `task` while the body runs; an earlier log of the same task is replaced.

    Args:
        task: the task's name.
        keep: False for a question, which leaves nothing behind unless `save` is called.
    """
    path = paths.ROOT / paths.log(task)
    stream: TextIO = _create(path) if keep else io.StringIO()
    _open.setdefault(_key(), []).append(stream)
    try:
        yield
    finally:
        _open[_key()].pop().close()


def _create(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", errors="backslashreplace")


def save(task: str) -> None:
    """Write what a question's log holds so far: its answer was an error, and the error names it."""
    stream = _open[_key()][-1]
    if isinstance(stream, io.StringIO):
        with _create(paths.ROOT / paths.log(task)) as file:
            file.write(stream.getvalue())


def say(text: str) -> None:
    """Add a line to the log of the task that is running; outside a task nothing is kept."""
    stack = _open.get(_key())
    if stack:
        stack[-1].write(redact(text).rstrip("\n") + "\n")
        stack[-1].flush()


def program(command: Sequence[str], code: int, out: bytes | str, err: bytes | str) -> None:
    """Log one finished program with what it printed."""
    if not _open.get(_key()):
        return
    import shlex

    say(f"$ {shlex.join(command)}")
    for part in (out, err):
        words = part.decode(errors="backslashreplace") if isinstance(part, bytes) else part
        if words.strip():
            say("\n".join("  " + line for line in words.splitlines()))
    if code:
        say(f"  → exit {code}")


def unexpected(error: BaseException) -> None:
    """Log a traceback: the only place where one is ever written."""
    import traceback

    say("".join(traceback.format_exception(error)))


def effect(task: str, means: str) -> None:
    """Add a line to `build/logs/effects.log`: what was ever changed outside from this folder."""
    from datetime import UTC, datetime

    path = paths.ROOT / paths.EFFECTS
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(redact(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\t{task}\t{means}\n"))
