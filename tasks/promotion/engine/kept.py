"""The clones that are kept between two checks: one for each remote, and made again when damaged."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.kernel.lock import exclusively

from . import remote

_PATIENCE = 600.0  # seconds to look through a clone


@contextmanager
def entered(
    uri: str, branch: str, others: tuple[str, ...], env: Mapping[str, str]
) -> Iterator[None]:
    """Change into the clone of a remote, set to a branch; nobody else does while the body runs.

    Raises:
        SlipwayError: the remote cannot be had; its clone is left for the next time.
    """
    clone = _place(uri)
    with exclusively(clone.with_suffix(".lock")):
        try:
            remote.enter(clone, uri, branch, others, env)
        except SlipwayError:
            if not clone.exists() or _whole(clone, uri, env):
                raise  # the remote is what failed
            # A clone that a killed check left half made is no reason to fail for ever.
            os.chdir(clone.parent)
            shutil.rmtree(clone)
            remote.enter(clone, uri, branch, others, env)
        yield


def _place(uri: str) -> Path:
    """Return where the clone of a remote is, in a folder that nobody else can write.

    Raises:
        SlipwayError: somebody else has made that folder.
    """
    base = Path(tempfile.gettempdir(), f"cepler-repo-cache-{os.getuid()}")
    base.mkdir(mode=0o700, exist_ok=True)
    about = base.lstat()
    if base.is_symlink() or about.st_uid != os.getuid() or about.st_mode & 0o022:
        raise SlipwayError("the folder for clones belongs to somebody else", where=str(base))
    return base / hashlib.sha256(uri.encode()).hexdigest()[:32]


def _whole(clone: Path, uri: str, env: Mapping[str, str]) -> bool:
    """Say whether a clone can be used: nothing in it is missing, or locked by a check that died."""
    bounded = {**env, "GIT_CEILING_DIRECTORIES": str(clone.resolve().parent)}
    try:
        remote.refuse_unlike_root(clone, env)
        own = g.text("config", "--get", "remote.origin.url", repo=clone, env=bounded, ok=(0, 1))
        g.git("fsck", "--connectivity-only", "--no-dangling", "--no-progress",
              repo=clone, env=bounded, timeout=_PATIENCE)  # fmt: skip
    except SlipwayError:
        return False
    return own == uri and not any((clone / ".git").rglob("*.lock"))
