"""Facts: small files under `build/`, each with one meaning, written only when the content changed.

doit compares the content of what a task reads, so a fact that stays the same stops the ripple
there.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from .errors import SlipwayError


def canonical(value: Any) -> bytes:
    """Return `value` as canonical JSON: sorted keys, two blanks of indent, UTF-8, newline last."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False)
    return text.encode() + b"\n"


def write_bytes(path: str | Path, content: bytes) -> bool:
    """Write `content` to `path` atomically and durably; leave an equal file untouched.

    Returns:
        True when the file changed.
    """
    target = Path(path)
    try:
        if target.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    target.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two runs from sharing one temporary name.
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}.{os.getpid()}.", suffix=".tmp"
    )
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def write_text(path: str | Path, content: str) -> bool:
    """Write text as UTF-8; see `write_bytes`."""
    return write_bytes(path, content.encode())


def write_json(path: str | Path, value: Any) -> bool:
    """Write `value` as canonical JSON; see `write_bytes`."""
    return write_bytes(path, canonical(value))


def read_json(path: str | Path) -> Any:
    """Read a fact.

    Raises:
        SlipwayError: the file is missing or is not JSON (somebody edited it, or a disk was full).
    """
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise SlipwayError(f"{path} is missing", fix="doit release makes it again") from None
    except ValueError as error:
        raise SlipwayError(
            f"{path} is not JSON any more: {error}", fix=f"rm {path}, then run the same again"
        ) from None
