"""A GitHub App's key becomes a token for an hour, for one repository.

The key signs a short statement (a JWT, RS256). That is done by the `openssl` program: it is on
every machine that CI runs on, while the libraries that sign would add a compiled package of many
megabytes to every installation for one call an hour; and signing is not to be written by hand. The
statement goes in on its standard input and the signature comes out in a file of a private folder:
neither is in an argument list or a log.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from pathlib import Path

from ...kernel import programs
from ...kernel.errors import SlipwayError
from .login import APP_KEY_FILE, App

_SKEW = 60  # seconds that our clock may be ahead of GitHub's
_LIFE = 540  # seconds; GitHub takes ten minutes at most


def statement(app: App, now: float | None = None) -> str:
    """Return a signed statement that we are this app.

    Raises:
        SlipwayError: the key does not sign, or there is no `openssl`.
    """
    moment = int(time.time() if now is None else now)
    claims = {"iat": moment - _SKEW, "exp": moment + _LIFE, "iss": app.id}
    said = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{said}.{_base64(_signed(said, app.key))}"


def _signed(said: str, key: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="slipway-app-") as folder:
        out = Path(folder) / "signature"
        command = ["openssl", "dgst", "-sha256", "-sign", str(key), "-out", str(out)]
        # No password: with a key that has one it would ask, and there is nobody to answer.
        command += ["-passin", "pass:"]
        done = programs.run(command, cwd=folder, stdin=said, timeout=20, ok=None)
        if done.code or not out.exists():
            raise SlipwayError(
                "the app's key cannot sign",
                where=str(key),
                detail=done.tail(),
                fix=f"{APP_KEY_FILE} names the app's private key as GitHub gave it (a .pem file)",
            )
        return out.read_bytes()


def _encoded(value: dict[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
