"""Make a folder whole or not at all: build beside it, then put it in the old one's place."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.kernel.errors import SlipwayError


@contextmanager
def replaced(output: Path) -> Iterator[Path]:
    """Yield a folder to fill, which becomes `output` when the block ends without an error.

    A killed process leaves `output` as it was, or for the moment between two renames missing; what
    it leaves beside it is removed by the next one.

    Args:
        output: an OCI image layout, or nothing yet.

    Raises:
        SlipwayError: something else stands there, which is not ours to remove.
    """
    _refuse_foreign(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    _sweep(output)
    prefix = f".{output.name}.{os.getpid()}."
    draft = Path(tempfile.mkdtemp(dir=output.parent, prefix=prefix, suffix=".tmp"))
    try:
        draft.chmod(0o755)
        yield draft
        _swap(draft, output)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _swap(draft: Path, output: Path) -> None:
    old = draft.with_suffix(".old")
    while True:
        try:
            output.rename(old)
        except FileNotFoundError:
            pass
        try:
            draft.rename(output)
            break
        except OSError:
            # Another build put its own there between the two renames: replace that one.
            if not output.exists():
                if old.exists():
                    old.rename(output)
                raise
            shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(output: Path) -> None:
    if not os.path.lexists(output):
        return
    ours = not output.is_symlink() and output.is_dir()
    if not ours or ((any(output.iterdir())) and not (output / "oci-layout").is_file()):
        raise SlipwayError(
            "the place for the image holds something that is not an image",
            where=str(output),
            fix="move it away, or choose another place",
        )


def _sweep(output: Path) -> None:
    """Remove what processes that are gone have left."""
    left = re.compile(rf"\.{re.escape(output.name)}\.([0-9]+)\.[^.]*\.(?:tmp|old)")
    for path in output.parent.iterdir():
        found = left.fullmatch(path.name)
        if found and not _alive(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is alive, and somebody else's
    return True
