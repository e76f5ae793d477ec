"""The end of a command line by ^C, SIGTERM or SIGHUP: its programs, a line, then its way down.

Only a command that is a process of its own installs it; doit has the reporter for that.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []  # the signal that ends us


def install() -> None:
    """Have the first signal end our programs and raise `SystemExit`; later ones change nothing."""
    for one in _SIGNALS:
        if signal.getsignal(one) != signal.SIG_IGN:  # as `nohup` wants it
            signal.signal(one, _stop)


def stopping() -> bool:
    """Say whether a signal came: whatever runs is to end, and nothing new is to begin."""
    return bool(_came)


def _stop(number: int, _frame: object) -> None:
    if _came:
        return
    _came.append(number)
    with suppress(OSError):  # nobody reads it
        os.write(2, f"stopped by {signal.Signals(number).name}\n".encode())
    end_programs()
    raise SystemExit(128 + number)


def end_programs() -> None:
    """End every program that this process has started, with the helpers (ssh) in its session."""
    for child in _children():
        with suppress(OSError):  # it has just ended by itself
            if os.getpgid(child) == child:
                os.killpg(child, signal.SIGKILL)
            else:
                os.kill(child, signal.SIGKILL)


def _children() -> list[int]:
    own, found = os.getpid(), []
    with suppress(OSError):  # a system without /proc: whoever waits for a program ends it
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes long to import
            with suppress(OSError, IndexError, ValueError):
                if name.isdigit() and _parent(name) == own:
                    found.append(int(name))
    return found


def _parent(pid: str) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
        return int(file.read().rpartition(b")")[2].split()[1])
