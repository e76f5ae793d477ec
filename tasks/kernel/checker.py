"""How doit tells that a file changed: by its content alone.

doit's own checker believes an unchanged time stamp without looking, so an edit that keeps it
(`cp -p`) is missed, and it forgets to save a new time stamp, so that a fresh checkout is hashed
again in every run. Facts are small; reading them is cheaper than being wrong.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from doit.dependency import FileChangedChecker

_seen: dict[tuple[str, int, int, int, int], str] = {}


def digest(path: str) -> str:
    """Return a file's SHA-256; in the same run it is read again only if it was written."""
    stat = os.stat(path)  # noqa: PTH116 - a hot path on str
    # The time of change, since the other one can be set back (`cp -p`, `touch -r`).
    key = (path, stat.st_ctime_ns, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    if key not in _seen:
        with open(path, "rb") as stream:  # noqa: PTH123
            _seen[key] = hashlib.file_digest(stream, "sha256").hexdigest()
    return _seen[key]


class ContentChecker(FileChangedChecker):  # type: ignore[misc] # doit is untyped
    """Compares a file's SHA-256 with the recorded one."""

    def check_modified(self, file_path: str, file_stat: Any, state: str) -> bool:  # noqa: ARG002
        """Say whether the content differs from the recorded one."""
        return digest(file_path) != state

    def get_state(self, dep: str, current_state: str | None) -> str | None:
        """Return the content's digest to record; None when it is the recorded one."""
        found = digest(dep)
        return None if found == current_state else found
