"""What a download is doing, on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from ..redact import printable

_HEARTBEAT = 2.5  # seconds; never silent for three
_FRAME = 0.1  # seconds between two drawings of the bar
_BAR = 24  # columns
_MIB = 1024 * 1024


class Progress:
    """Shows one piece of work until it ends; a thread of its own keeps it from falling silent.

    Args:
        title: what is being fetched.
        stream: where to write; standard error by default.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self.title = title
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty() and os.environ.get("TERM", "") != "dumb"
        self._doing = ""
        self._got: Callable[[], int] | None = None
        self._total = 0
        self._began = self._told = time.monotonic()
        self._drawn = False
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True, name="progress")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()
        with self._guard:
            self._write("")

    def waits(self, doing: str) -> None:
        """Say that somebody else is waited for; nothing is shown unless it takes a while."""
        with self._guard:
            self._doing, self._got = doing, None

    def does(self, doing: str, got: Callable[[], int] | None = None, total: int = 0) -> None:
        """Begin the next step, with a line where nothing can be redrawn.

        Args:
            doing: what it is.
            got: returns the bytes that are here so far.
            total: how many there will be; 0 when nobody knows.
        """
        with self._guard:
            self._doing, self._got, self._total = doing, got, total
            if not self.live:
                self._line(f"{self.title}: {doing}" + (f" ({_mib(total)})" if total else ""))

    def line(self, text: str) -> None:
        """Show a line that stays."""
        with self._guard:
            self._line(text)

    def _tick(self) -> None:
        while not self._stopped.wait(_FRAME):
            with self._guard:
                if self.live and (self._got or self._drawn):
                    self._draw()
                elif time.monotonic() - self._told >= _HEARTBEAT:
                    self._line(self._state())

    def _state(self) -> str:
        seconds = f"{time.monotonic() - self._began:.0f} s"
        if self._got is None:
            return f"{self.title}: {self._doing}, {seconds}"
        got = self._got()
        share = f" of {_mib(self._total)}" if self._total else ""
        return f"{self.title}: {self._doing}, {_mib(got)}{share}, {seconds}"

    def _draw(self) -> None:
        text = self._state()
        if self._got is not None and self._total:
            full = min(_BAR, _BAR * self._got() // self._total)
            text = f"[{'█' * full}{'·' * (_BAR - full)}] {text}"
        width = shutil.get_terminal_size().columns - 1
        self._write(printable(text)[:width])
        self._drawn = True

    def _line(self, text: str) -> None:
        self._write(printable(text) + "\n")
        self._drawn = False

    def _write(self, text: str) -> None:
        """Write over the bar, if there is one; a stream that nobody reads any more is no error."""
        self._told = time.monotonic()
        try:
            self.stream.write(("\r\033[K" if self._drawn else "") + text)
            self.stream.flush()
        except (OSError, ValueError):
            return


def _mib(count: int) -> str:
    return f"{count / _MIB:.1f} MiB"
