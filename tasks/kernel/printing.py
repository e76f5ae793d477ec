"""What a task prints while its reader may leave (`doit history:ENV | head`): no fault of the task.

It goes on to its end all the same: what it decides or changes does not hang on who looks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO, cast


class _Left:
    """A stream that is a bin from when its reader has gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._throw_away()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._throw_away()

    def _throw_away(self) -> None:
        """Have the rest go nowhere, with what Python itself writes out when it ends."""
        bin_ = os.open(os.devnull, os.O_WRONLY)
        os.dup2(bin_, self._stream.fileno())
        os.close(bin_)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def to_whoever_reads() -> Iterator[None]:
    """Print to standard output while the body runs, as long as somebody reads it."""
    stream = sys.stdout
    if stream is None or stream.isatty():
        yield
        return
    left = _Left(stream)
    with redirect_stdout(cast(TextIO, left)):
        try:
            yield
        finally:
            left.flush()
