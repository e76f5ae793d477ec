"""How a command line that is a process of its own runs and ends, by itself or by a signal.

^C, SIGTERM and SIGHUP end its programs, say a line, and then it goes its way down. doit has the
reporter for that.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []  # the signal that ends us


def run(command: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with its exit code.

    A quick command takes as long as Python needs to begin and to end: so there is no looking for
    garbage while modules are read, and no taking them apart again in the end.

    Args:
        command: imports what it needs, and returns its exit code.
    """
    install()
    gc.set_threshold(100_000)
    try:
        code = command()
    except SystemExit as end:  # a signal, or the command line itself
        code = end.code if isinstance(end.code, int) else 0
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads it
        code = code or 1
    os._exit(code)


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
