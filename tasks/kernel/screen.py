"""The screen: a line a task on standard error; running tasks live on a terminal, else plain lines.

Never silent for three seconds: whatever runs that long says so.
"""

from __future__ import annotations

import os
import shutil
import textwrap
import threading
import time
from collections.abc import Iterable
from typing import TextIO

from .redact import printable

_NARROW, _WIDE = 16, 38  # columns for a task's name
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2"}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_QUIET = 3.0  # seconds
_SHOWN = 8  # names of tasks that did not run
_TOGETHER = 0.5  # seconds that a line about nothing waits for others that say the same
_COLUMNS = 100


class Screen:
    """Lines for a person, or for a log.

    Args:
        stream: where to write; a terminal gets colour and a live line.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = stream.isatty() and os.environ.get("TERM", "") != "dumb"
        self.colour = self.live and "NO_COLOR" not in os.environ
        self.running: dict[str, float] = {}
        self.told: dict[str, float] = {}
        self.guard = threading.Lock()
        self.thread: threading.Thread | None = None
        self.stopped = threading.Event()
        self.frame = 0
        self.width = _NARROW
        self.lines = 0
        self.alike: list[tuple[str, str, float]] = []
        self.alike_since = 0.0

    def fit(self, names: Iterable[str]) -> None:
        """Make the column of names as wide as these need."""
        self.width = max(_NARROW, min(_WIDE, max(map(len, names), default=0)))

    def begin(self, name: str) -> None:
        """Show a task as running."""
        with self.guard:
            self.running[name] = self.told[name] = time.monotonic()
        if self.thread is None:
            # Started late: the worker processes of `-n` have been forked by now.
            self.thread = threading.Thread(target=self._tick, daemon=True, name="screen")
            self.thread.start()

    def done(self, name: str, says: str, seconds: float, *, skipped: bool = False) -> None:
        """Show a task that ended well, or had nothing to do.

        Several that had nothing to do for the same reason, one after the other, share a line.
        """
        if not skipped:
            self._line(self._told(self._paint("✓", "green"), name, says, seconds), name)
            return
        with self.guard:
            self.running.pop(name, None)
            if self.alike and self.alike[0][1] != says:
                self._flush()
            if not self.alike:
                self.alike_since = time.monotonic()
            self.alike.append((name, says, seconds))

    def _told(self, sign: str, name: str, says: str, seconds: float) -> str:
        took = f"{seconds:.1f} s" if seconds >= 0.05 else ""  # below it says 0.0
        first, *rest = printable(says).split("\n")
        text = f"{sign} {name:<{self.width}} {first}"
        text = _with_time(text, took, 4 + self.width + len(first))
        return "\n".join([text, *(" " * (self.width + 3) + line for line in rest)])

    def _flush(self) -> None:
        """Write the line of those that had nothing to do; called with the guard."""
        if not self.alike:
            return
        (name, says, seconds), *others = self.alike
        self.alike = []
        if others:
            seconds += sum(one for _, _, one in others)
            more = f"the same: {', '.join(other for other, _, _ in others)}"
            says = "\n".join([says, *textwrap.wrap(more, _COLUMNS - self.width - 3,
                                                   break_on_hyphens=False)])  # fmt: skip
        self._wipe()
        self.stream.write(self._told(self._paint("·", "dim"), name, says, seconds) + "\n")
        self.stream.flush()

    def sum_up(self, name: str, says: str, *, well: bool) -> None:
        """Show what came of a group whose members are shown already."""
        if well:
            self.done(name, says, 0)
        else:
            self.problem(name, says)

    def gate(self, name: str, message: str) -> None:
        """Show a gate that is closed."""
        self._block("║", "yellow", name, message)

    def note(self, name: str, message: str) -> None:
        """Show a line about the run itself."""
        self._block("·", "dim", name, message)

    def problem(self, name: str, message: str) -> None:
        """Show what went wrong."""
        self._block("✗", "red", name, message)

    def stopped_early(self) -> None:
        """Say that somebody ended the run."""
        self._line("stopped; the same command goes on from here")

    def end(self, current: int, unmet: list[str], *, asked: bool) -> None:
        """Sum up and stop the live line.

        Args:
            current: number of tasks that were up to date.
            unmet: tasks that did not run because another one failed.
            asked: the run only answered a question; nothing is added to the answer.
        """
        self.stopped.set()
        if self.thread:
            self.thread.join()
        with self.guard:
            self._flush()
            self._wipe()
        if unmet and not asked:
            some = ", ".join(unmet[:_SHOWN]) + (
                f" and {len(unmet) - _SHOWN} more" if len(unmet) > _SHOWN else ""
            )
            self._line(self._paint(f"- not run: {some}", "dim"))
        if current and not asked:
            self._line(self._paint(f"- {current} up to date", "dim"))

    def _block(self, sign: str, colour: str, name: str, message: str) -> None:
        first, *rest = printable(message).strip("\n").split("\n")
        lines = [
            f"{self._paint(sign, colour)} {name:<{self.width}} {first}",
            *("    " + x for x in rest),
        ]
        self._line("\n".join(lines), name)

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{_COLOURS[colour]}m{text}\033[0m" if self.colour else text

    def _line(self, text: str, name: str = "") -> None:
        with self.guard:
            self.running.pop(name, None)
            self._flush()
            self._wipe()
            self.stream.write(text + "\n")
            self.stream.flush()

    def _wipe(self) -> None:
        if self.live and self.lines:
            self.stream.write("\r\033[2K")
            self.stream.flush()
            self.lines = 0

    def _tick(self) -> None:
        while not self.stopped.wait(0.1):
            with self.guard:
                if self.alike and time.monotonic() - self.alike_since >= _TOGETHER:
                    self._flush()
                if self.live:
                    self._draw()
                else:
                    self._tell()

    def _draw(self) -> None:
        """Draw the running tasks into one line, no wider than the terminal."""
        self._wipe()
        if not self.running:
            return
        self.frame += 1
        now = time.monotonic()
        shown = ", ".join(f"{name} {now - start:.0f} s" for name, start in self.running.items())
        width = shutil.get_terminal_size().columns - 1
        self.stream.write(f"{_SPINNER[self.frame % len(_SPINNER)]} {shown}"[:width])
        self.stream.flush()
        self.lines = 1

    def _tell(self) -> None:
        """Say which tasks are still running, where nothing can be redrawn; ever more rarely."""
        now = time.monotonic()
        for name, start in self.running.items():
            pause = max(_QUIET, (self.told[name] - start) / 2)
            if now - self.told[name] >= pause:
                self.told[name] = now
                self.stream.write(f"… {name:<{self.width}} running, {now - start:.0f} s\n")
                self.stream.flush()


def _with_time(text: str, took: str, width: int) -> str:
    """Put the seconds at the right edge, or behind a long line."""
    if not took:
        return text
    columns = min(shutil.get_terminal_size((_COLUMNS, 24)).columns, _COLUMNS)
    return text + " " * max(2, columns - width - len(took) - 1) + took
