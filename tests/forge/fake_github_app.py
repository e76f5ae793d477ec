"""How GitHub looks at what an app has signed."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
from pathlib import Path


def make_key(folder: Path) -> tuple[Path, Path]:
    """Return the two halves of a new key, private and public."""
    private, public = folder / "app.pem", folder / "app.pub"
    subprocess.run(
        ["openssl", "genrsa", "-traditional", "-out", str(private), "2048"],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        ["openssl", "rsa", "-in", str(private), "-pubout", "-out", str(public)],
        check=True,
        capture_output=True,
    )
    return private, public


def verified(token: str, app_id: str, key: Path) -> bool:
    """Say whether a statement is this app's, signed by its key, and lasts not too long."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    header, claims = (json.loads(_plain(part)) for part in parts[:2])
    now = time.time()
    if header.get("alg") != "RS256" or claims.get("iss") != app_id:
        return False
    if not claims["iat"] <= now < claims["exp"] <= now + 600:
        return False
    with tempfile.TemporaryDirectory() as folder:
        signature = Path(folder) / "signature"
        signature.write_bytes(_plain(parts[2]))
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", str(key), "-signature", str(signature)],
            input=f"{parts[0]}.{parts[1]}".encode(),
            capture_output=True,
            check=False,
        )
    return done.returncode == 0


def _plain(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
