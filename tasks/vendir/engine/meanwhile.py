"""A question that is asked while something else is done: git answers both at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from tasks.kernel import stop

T = TypeVar("T")
_PAUSE: Final = 0.1  # seconds between two looks whether we are to stop


class Meanwhile(Generic[T]):
    """An answer that is on its way.

    Args:
        ask: gets it, in a thread of its own.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._told: list[T] = []
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(ask,), daemon=True)
        self._thread.start()

    def _run(self, ask: Callable[[], T]) -> None:
        try:
            self._told.append(ask())
        except BaseException as error:  # whoever wants the answer gets it
            self._failed.append(error)

    def wait(self) -> None:
        """Wait until nothing is asked any more; whatever the answer is."""
        while self._thread.is_alive():
            self._thread.join(_PAUSE)
            if stop.stopping():  # it may have begun another program since the signal
                stop.end_programs()

    def result(self) -> T:
        """Return the answer.

        Raises:
            BaseException: what the question ended with.
        """
        self.wait()
        if self._failed:
            raise self._failed[0]
        return self._told[0]
