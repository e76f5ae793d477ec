"""HTTP sources: one address, its checksum, and what is inside when it is an archive."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import auth
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
    source, where = content.source, f"{content.where}.http"
    url = str(source.get("url", ""))
    if urlsplit(url).scheme not in ("http", "https"):
        raise WrongUsage(f"http needs a url with http:// or https://, this is {url!r}", where=where)
    file = at.scratch / "download"
    found = _download(url, _login(source, at, where), file, where)
    expected = source.get("sha256", "")
    if expected and found != expected:
        raise SlipwayError(
            "what was downloaded is not what was expected",
            where=redact(url),
            detail=[f"there   {found}", f"wanted  {expected}"],
            fix="look who changed it; then correct sha256",
        )
    if source.get("disableUnpack"):
        name = url.rpartition("/")[2]
    elif unpack(file, into, redact(url)):
        return {}
    else:
        name = unquote(urlsplit(url).path).rpartition("/")[2] or "content"
    if name in ("", ".", "..", ".git") or "\0" in name:
        raise SlipwayError(f"{url} names no file", where=where)
    into.mkdir(mode=0o700)
    file.rename(into / name)
    return {}


def _login(source: Mapping[str, Any], at: Place, where: str) -> tuple[str, str] | None:
    if "secretRef" not in source:
        return None
    held = auth.secret(at.config, source["secretRef"].get("name", ""), where)
    unknown = sorted(set(held) - {"username", "password"})
    if unknown:
        raise WrongUsage(f"the secret has an unknown field {unknown[0]}", where=where)
    return held.get("username", b"").decode(), held.get("password", b"").decode()


def _download(url: str, login: tuple[str, str] | None, file: Path, where: str) -> str:
    """Write an answer to a file; return its SHA-256.

    Raises:
        SlipwayError: it is not 200, or breaks off.
    """
    import requests

    digest, got = hashlib.sha256(), 0
    try:
        with requests.get(url, auth=login, stream=True, timeout=_PATIENCE) as answer:
            if answer.status_code != 200:
                raise SlipwayError(f"the answer is {answer.status_code}", where=redact(url))
            handle = file.open("wb")
            file.chmod(0o600)
            with handle:
                # As it was sent: a .gz that a server calls an encoding is still what is asked for.
                while piece := answer.raw.read(_PIECE, decode_content=False):
                    handle.write(piece)
                    digest.update(piece)
                    got += len(piece)
            promised = answer.headers.get("Content-Length", "")
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


def _unanswered(url: str, error: Exception, where: str) -> SlipwayError:
    return SlipwayError(
        "there is no answer",
        where=redact(url),
        detail=[redact(str(error)).splitlines()[0], where],
        fix="is the url right? then run the same again",
    )
