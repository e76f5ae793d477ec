"""How a commit is named by the tags before it, from commits alone.

What `git describe` says ends in an abbreviated id, and how long that is depends on how many objects
the clone has: in a complete one more than in one of commits alone. So the remote is asked for the
commits, and meanwhile for everything, which it begins by saying how much that is. A server that
leaves nothing out is never asked so: there one transfer of everything is the least.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from select import select
from typing import IO, Final, cast

from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import redact

from .refs import Refs
from .repository import Repository

_FEW: Final = 2000  # objects; so many are here before we could say stop
_LONGEST: Final = 1800.0  # seconds
_AHEAD: Final = rb"(?:Receiving|Unpacking) objects:\s+\d+% \(\d+/(\d+)\)"
_SHORTEST: Final = 7  # digits
_PIECE: Final = 1 << 16


def describe(opened: Callable[[str], Repository], told: Refs, commit: str, branch: str) -> str:
    """Return what `git describe --tags` says in a complete clone; "" when it says nothing.

    Args:
        opened: makes a new repository of that name for the remote.
        told: the remote's refs.
        commit: full id.
        branch: the only one that such a clone has; `refs.ALL` for all.

    Raises:
        SlipwayError: the remote refuses.
    """
    whole = opened("everything")
    ahead = whole.meanwhile(partial(_announced, whole, branch))
    commits = opened("commits")
    commits.fetch_commits(told, commit)
    objects = ahead.result()
    if objects is not None:
        return commits.describe(commit, digits(objects))
    if not whole.has(commit):
        whole.fetch_commit(commit)
    return whole.describe(commit)


def digits(objects: int) -> int:
    """Return how many digits of an id git shows in a clone of so many objects."""
    return max((objects.bit_length() + 1) // 2, _SHORTEST)


def _announced(whole: Repository, branch: str) -> int | None:
    """Return how many objects everything is; None when it has been fetched meanwhile.

    Raises:
        SlipwayError: the remote refuses, or says nothing for too long.
    """
    command, env = whole.fetch_of_all(branch)
    with subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    ) as fetching:  # fmt: skip
        try:
            return _read(cast("IO[bytes]", fetching.stderr), fetching, redact(whole.address))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(fetching.pid, signal.SIGKILL)


def _read(stream: IO[bytes], fetching: subprocess.Popen[bytes], where: str) -> int | None:
    told, end = b"", time.monotonic() + _LONGEST
    while select([stream], [], [], max(end - time.monotonic(), 0))[0]:
        piece = os.read(stream.fileno(), _PIECE)
        if not piece:
            if not fetching.wait():
                return None
            break
        told = (told + piece)[-_PIECE:]
        if (found := re.search(_AHEAD, told)) and (count := int(found[1])) > _FEW:
            return count
    said = [redact(line) for line in told.decode("utf-8", "replace").splitlines()[-3:]]
    raise SlipwayError(
        "the repository cannot be fetched", where=where, detail=said, fix="run the same again"
    )
