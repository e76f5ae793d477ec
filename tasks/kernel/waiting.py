"""`doit wait=30m TASK…`: a run that ends at a closed gate waits for it, then the same runs again.

doit walks its graph once: what stands before a gate has ended when the gate is reached, and the
observers have fixed what this run is about. So nobody waits inside a task (it would hold the run
lock, which the human's own command needs): the run ends as ever, this process gives the lock back
and asks whether the gate has opened, and then puts the same command in its own place, once and
without `wait=`. That one observes afresh; its exit code is the answer. Where more than one gate was
closed, it goes on waiting for the others, for what is left of the time.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from . import lock
from .errors import SlipwayError, WrongUsage
from .redact import redact
from .screen import Screen
from .variables import says_yes
from .world import World, disk

VARIABLE = "wait"
YES = "yes"
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST = 24 * 3600
_FIRST, _LAST, _GROWTH = 1.0, 20.0, 1.3  # seconds between two questions

Opened = Callable[[World], bool]


def patience() -> float | None:
    """Return how many seconds `wait=DURATION` on doit's command line allows; None without it.

    Raises:
        WrongUsage: it is no duration.
    """
    import doit

    told = doit.get_var(VARIABLE)
    if told is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", told)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if 0 < seconds <= _LONGEST:
        return float(seconds)
    raise WrongUsage(
        f"wait={told} is no duration", fix="write wait=30s, wait=30m or wait=2h, up to 24h"
    )


def until_open(gates: Sequence[tuple[str, Opened]], seconds: float, screen: Screen) -> bool:
    """Ask, ever more rarely, until one of the gates has opened.

    Args:
        gates: name of the task → whether it would let through now; it raises when it never will.
        seconds: how long at most.
        screen: where to show that somebody waits.

    Returns:
        False when the time was up.

    Raises:
        SlipwayError: a human said no.
    """
    world, end, pause, told = disk(), time.monotonic() + seconds, _FIRST, ""
    for name, _ in gates:
        screen.begin(name)
    try:
        while True:
            for name, opened in gates:
                try:
                    if opened(world):
                        return True
                except Never:
                    raise
                except SlipwayError as error:  # the outside may be away for a while
                    if error.what != told:
                        screen.problem(name, redact(f"{error}\n  asking again until then"))
                        screen.begin(name)
                    told = error.what
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LAST)
    finally:
        screen.end(0, [], asked=True)


class Never(SlipwayError):
    """The gate will not open for this: a human said no."""


def again(words: Sequence[str] | None = None, left: float = 0) -> NoReturn:
    """Put the same command in the place of this process.

    Args:
        words: the command; what was typed when None.
        left: seconds that it may go on waiting, for other gates that are still closed; without any
            it does not wait.
    """
    import doit

    rest = [f"{VARIABLE}={int(left)}s"] if left >= 1 else []
    words = [
        found
        for word in words or sys.orig_argv
        for found in (rest if word.startswith(f"{VARIABLE}=") else [word])
    ]
    lock.release()
    os.chdir(doit.get_initial_workdir())
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *words[1:]])  # noqa: S606 - what was typed, itself


def instead(command: str, tasks: Sequence[str], words: Sequence[str] | None = None) -> NoReturn:
    """Put a run of some tasks in the place of this process, by what was typed for a command.

    doit's own options in front of the command stay, and so do variables; the command's own do not.
    """
    typed = list(words or sys.orig_argv)
    place = typed.index(command)
    given = [word for word in typed[place + 1 :] if "=" in word and not word.startswith("-")]
    kept = [word for word in (*typed[:place], *given) if not word.startswith(f"{YES}=")]
    again([*kept, *tasks])


def said_yes() -> bool:
    """Say whether `yes=` on doit's command line answers what a command would ask.

    Raises:
        WrongUsage: it says something else than yes.
    """
    return says_yes(YES)
