"""Other processes for the tests: several at once, and ones that die at a chosen moment."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

_TOUCHES_DISK = ("open", "os.", "fcntl.", "shutil.", "tempfile.")


def at_once(actions: Sequence[Callable[[], int]]) -> list[int]:
    """Run each action in a process of its own, started together; return their exit codes."""
    reader, writer = os.pipe()
    children = []
    for action in actions:
        child = os.fork()
        if child == 0:
            os.close(writer)
            os.read(reader, 1)  # the end of the pipe: go
            _end(action)
        children.append(child)
    os.close(reader)
    os.close(writer)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def killed_at(step: int, action: Callable[[], int]) -> bool:
    """Run an action in a process that gets SIGKILL at its `step`-th touch of the disk.

    Returns:
        Whether it was killed; not when it was through before that.
    """
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, _: object) -> None:
            nonlocal seen
            if event.startswith(_TOUCHES_DISK):
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        _end(action)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, -signal.SIGKILL}
    return code != 0


def _end(action: Callable[[], int]) -> None:
    code = 99
    try:
        code = action()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
