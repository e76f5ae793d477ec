"""Checksums: computed, compared, and both named when they differ."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import Failed


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(path: Path, wanted: str, *, where: str) -> None:
    """Let a file pass that has the sum it must have.

    Args:
        path: the file.
        wanted: its SHA-256.
        where: where it came from, for the message.

    Raises:
        Failed: it has another one; both are named.
    """
    found = sha256(path)
    if found != wanted:
        raise differs(where, wanted, found)


def differs(where: str, wanted: str, found: str) -> Failed:
    """Return the error about a file that is not the pinned one."""
    return Failed(
        "the checksum is wrong, and nothing of it was kept",
        where=where,
        detail=[f"pinned  {wanted}", f"came as {found}"],
        fix="somebody serves another file under this name: tell the owner of the index or mirror;"
        " only if the change is meant, renew tasks/kernel/tools/pins.py",
    )
