"""How every action runs: with its log, its world, and errors turned into what doit understands."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from doit.exceptions import TaskError, TaskFailed

from . import journal, paths
from .effects import Acted, Next, Skipped
from .errors import Failed, SlipwayError, WrongUsage
from .printing import to_whoever_reads
from .world import disk

Action = Callable[..., Any]
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}

_main = os.getpid()


class Gate(SlipwayError):
    """A human has to say yes first (exit code 4)."""


class Closed(TaskFailed):  # type: ignore[misc] # doit is untyped
    """The gate's answer, as doit carries it; across processes too."""


class Verdict(TaskFailed):  # type: ignore[misc]
    """A check, a build or a tool said no."""


class Misused(TaskFailed):  # type: ignore[misc]
    """The command was given wrongly (exit code 3); its message is complete."""


class Broken(TaskError):  # type: ignore[misc]
    """An error that a person can act on; its message is complete."""


def _die_with_parent() -> None:
    """Have the kernel kill this worker with its run: a killed `-n` run must not keep the lock."""
    if os.getpid() == _main or not sys.platform.startswith("linux"):
        return
    import ctypes
    import signal

    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != _main:
        os._exit(1)


def _failure(name: str, error: SlipwayError) -> TaskFailed | TaskError:
    journal.say(f"{type(error).__name__}: {error}")
    journal.save(name)
    text = str(error)
    if isinstance(error, Gate):
        return Closed(text, report=True)
    if isinstance(error, WrongUsage):
        return Misused(text)
    if isinstance(error, Failed):
        return Verdict(f"{text}\n  full log: {paths.log(name)}")
    return Broken(f"{text}\n  full log: {paths.log(name)}")


def perform(
    name: str,
    action: Action,
    targets: Sequence[str],
    options: dict[str, Any] | None = None,
    keep_log: bool = True,
) -> Any:
    """Run one action of the graph.

    Args:
        name: the task's name.
        action: takes the world (and the task's options) and returns words for the screen, or None.
        targets: what it has to leave; doit itself never looks whether they were made.
        options: what the command line said.
        keep_log: False for a question that is to leave nothing behind, unless it ends in an error.

    Returns:
        What the reporter shows (`says`, and whether there was nothing to do), or doit's own object
        for a failure.
    """
    _die_with_parent()
    try:
        with journal.of(name, keep=keep_log), to_whoever_reads():
            return _logged(name, action, targets, options or {})
    except OSError as error:
        return _trouble_on_disk(name, error)


def _logged(name: str, action: Action, targets: Sequence[str], options: dict[str, Any]) -> Any:
    try:
        world = disk()
        says = action(world, **options)
        if missing := [target for target in targets if not world.exists(target)]:
            raise SlipwayError(f"{name} ended well but left no {missing[0]}")
    except SlipwayError as error:
        return _failure(name, error)
    except OSError as error:
        if error.errno in _DISK:
            return _trouble_on_disk(name, error)
        return _fault(name, error)
    except Exception as error:  # no traceback reaches a user
        return _fault(name, error)
    return {
        "says": str(says or ""),
        "skipped": isinstance(says, Skipped),
        "acted": isinstance(says, Acted),
        **({"next": list(says.tasks)} if isinstance(says, Next) else {}),
    }


def _fault(name: str, error: Exception) -> Broken:
    journal.unexpected(error)
    journal.save(name)
    return Broken(
        f"a fault in Slipway itself: {type(error).__name__}: {error}\n"
        f"  please report it with the log: {paths.log(name)}"
    )


def _trouble_on_disk(name: str, error: OSError) -> Broken:
    """Say what the disk said: no fault of ours, and no log to point at."""
    where = f"{error.filename}: " if error.filename else ""
    fix = "make room, or give this user the right to write there; then run the same again"
    return Broken(f"{where}{error.strerror or error}, while {name} ran\n  {fix}")


def perform_with(
    name: str, action: Action, targets: Sequence[str], keep_log: bool = True, **options: Any
) -> Any:
    """Run an action whose task has options; doit hands them over by name."""
    return perform(name, action, targets, options, keep_log)
