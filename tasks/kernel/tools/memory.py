"""What programs said of their version, kept in `.tools/` so that each is asked once.

An answer counts as long as path, time and size of the file are the same. The file is a cache: it
may be lost, be unreadable, or be overwritten by another process, and then a program is asked again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from .. import facts

FOLDER = ".tools"
_FILE = "versions.json"
_LONGEST = 200  # entries; a PATH that changes all the time must not make the file grow for ever


def recall(root: Path, program: Path) -> str | None:
    """Return the version that was told for this very file; None when it has to be asked."""
    mark = _mark(program)
    known = _load(root).get(str(program))
    return str(known[1]) if mark and known and known[0] == mark else None


def keep(root: Path, program: Path, version: str) -> None:
    """Remember a version; nothing happens where nothing can be written."""
    mark = _mark(program)
    if not mark:
        return
    known = _load(root)
    if len(known) >= _LONGEST:
        known = {}
    known[str(program)] = [mark, version]
    try:
        facts.write_json(root / FOLDER / _FILE, known)
    except OSError:
        return


def _mark(program: Path) -> str:
    """Return what changes with the program; "" for one whose file does not tell.

    A script, or a link to a program of another name, may be one of the shims that choose the real
    program by the folder or the environment they are started in.
    """
    try:
        real = program.resolve(strict=True)
        if program.name not in real.name:
            return ""
        with real.open("rb") as stream:
            if stream.read(2) == b"#!":
                return ""
            at = os.fstat(stream.fileno())
    except OSError:
        return ""
    return f"{real} {at.st_mtime_ns} {at.st_size}"


def _load(root: Path) -> dict[str, list[str]]:
    try:
        told = json.loads((root / FOLDER / _FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(told, dict):
        return {}
    return {
        path: [str(word) for word in entry]
        for path, entry in told.items()
        if isinstance(entry, list) and len(entry) == 2
    }
