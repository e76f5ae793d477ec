"""HTTP sources: one address, its checksum, and what is inside when it is an archive."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import auth
from .addresses import parts
from .archives import unpack
from .gitsource import Place
from .model import Content

_PATIENCE: Final = (30, 300)  # seconds: to connect, and between two pieces of the answer
_PIECE: Final = 1 << 20


def fetch(content: Content, at: Place, into: Path) -> dict[str, Any]:
    """Write what an address answers, unpacked when it is an archive.

    Raises:
        WrongUsage: the source is not complete.
        SlipwayError: the answer is none, or another one than was expected.
    """
    return fetch_from(content.source, at, into, f"{content.where}.http")


def fetch_from(source: Mapping[str, Any], at: Place, into: Path, where: str) -> dict[str, Any]:
    """Do the same for a source that stands inside of another."""
    url = str(source.get("url", ""))
    if parts(url, where).scheme not in ("http", "https"):
        raise WrongUsage(f"http needs a url with http:// or https://, this is {url!r}", where=where)
    file = at.scratch / "download"
    found = download(url, file, where, login=auth.login(source, at.config, where))
    expected = source.get("sha256", "")
    if expected and found != expected:
        raise unexpected(found, expected, redact(url), "sha256")
    name, mode = unquote(parts(url, where).path).rpartition("/")[2] or "content", 0o644
    if source.get("disableUnpack"):
        name, mode = url.rpartition("/")[2], 0o600
    elif unpack(file, into, redact(url), name):
        return {}
    if name in ("", ".", "..", ".git") or "\0" in name:
        raise SlipwayError(f"{url} names no file", where=where)
    into.mkdir(mode=0o700)
    file.rename(into / name)
    (into / name).chmod(mode)
    return {}


def unexpected(found: str, wanted: str, where: str, key: str) -> SlipwayError:
    """Return the error for a download with another checksum."""
    return SlipwayError(
        "what was downloaded is not what was expected",
        where=where,
        detail=[f"there   {found}", f"wanted  {wanted}"],
        fix=f"look who changed it; then correct {key}",
    )


def download(
    url: str,
    file: Path,
    where: str,
    *,
    login: tuple[str, str] | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write an answer to a file; return its SHA-256.

    Raises:
        SlipwayError: it is not 200, or breaks off.
    """
    import requests

    digest, got = hashlib.sha256(), 0
    told = {"Accept-Encoding": "gzip", **headers}
    try:
        # Of the passwords that this person keeps in a file of their own none is sent.
        with requests.get(
            url, auth=login or _nobody, headers=told, stream=True, timeout=_PATIENCE
        ) as answer:
            if answer.status_code != 200:
                raise SlipwayError(
                    f"the answer is {answer.status_code}", where=redact(url), detail=[where]
                )
            packed = answer.headers.get("Content-Encoding", "").lower() == "gzip"
            handle = file.open("wb")
            file.chmod(0o600)
            with handle:
                while piece := answer.raw.read(_PIECE, decode_content=packed):
                    handle.write(piece)
                    digest.update(piece)
                    got += len(piece)
            promised = "" if packed else answer.headers.get("Content-Length", "")
    except (requests.RequestException, OSError) as error:
        raise _unanswered(url, error, where) from None
    except Exception as error:  # the library below has exceptions of its own
        if isinstance(error, SlipwayError) or not type(error).__module__.startswith("urllib3"):
            raise
        raise _unanswered(url, error, where) from None
    if promised.isdecimal() and int(promised) != got:
        what = f"the answer broke off after {got} of {promised} bytes"
        raise SlipwayError(what, where=redact(url), fix="run the same again")
    return digest.hexdigest()


def _nobody(request: Any) -> Any:
    return request


def _unanswered(url: str, error: Exception, where: str) -> SlipwayError:
    return SlipwayError(
        "there is no answer",
        where=redact(url),
        detail=[redact(str(error)).splitlines()[0], where],
        fix="is the url right? then run the same again",
    )
