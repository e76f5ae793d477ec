"""Signals while something stands outside: the first one ends it, and nothing ends its end."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Calm:
    """While its body runs, ^C and SIGTERM raise `SystemExit` once, and not at all on the way down.

    A signal that came on the way down ends the process when the body has ended. Outside of the main
    thread, where no signal arrives, it does nothing.

    Args:
        descending: the body is the way down.
    """

    def __init__(self, *, descending: bool = False) -> None:
        self.descending = descending
        self._caught = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Calm:
        if threading.current_thread() is threading.main_thread():
            self._before = {one: signal.signal(one, self._signal) for one in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)
        if self._caught and (kind is None or not issubclass(kind, SystemExit)):
            raise SystemExit(128 + self._caught)

    def _signal(self, number: int, _frame: FrameType | None) -> None:
        first, self._caught = not self._caught, self._caught or number
        if first and not self.descending:
            raise SystemExit(128 + number)
