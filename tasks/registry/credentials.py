"""Where a registry's user name and password come from: the environment, or Docker's own file.

They are held in objects whose `repr` shows nothing of them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.kernel.errors import SlipwayError, WrongUsage

USERNAME = "SLIPWAY_REGISTRY_USERNAME"
PASSWORD = "SLIPWAY_REGISTRY_PASSWORD"  # noqa: S105 - the variable's name
PASSWORD_FILE = "SLIPWAY_REGISTRY_PASSWORD_FILE"  # noqa: S105 - the variable's name

ADVICE = f"set {USERNAME} and {PASSWORD} (or {PASSWORD_FILE}), or log in with docker or skopeo"


@dataclass(frozen=True)
class Credentials:
    """What to log in with.

    Attributes:
        username: empty for none.
        password: password or access token.
        identity_token: an OAuth refresh token, empty for none.
        source: where they were found, for messages.
        helper: a credential helper that keeps them instead, empty for none.
        bearer: a token that is sent as it is, empty for none.
        remedy: what to do when the registry does not accept them.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    source: str = "none were given"
    helper: str = ""
    bearer: str = field(default="", repr=False)
    remedy: str = ADVICE

    def __bool__(self) -> bool:
        return bool(self.username or self.identity_token or self.bearer)

    def advice(self) -> str:
        """Return what to do when the registry does not accept them."""
        if self.helper:
            return (
                f"they are kept by the credential helper {self.helper!r}, which is not asked; "
                f"{self.remedy}"
            )
        return self.remedy


def find(host: str, repository_prefix: str, environ: Mapping[str, str]) -> Credentials:
    """Find the credentials for the pipeline's own registry.

    What the variables hold is for that one alone: for any other there is `kept`.

    Args:
        host: host, with the port when the address has one.
        repository_prefix: what stands before every repository name, empty for nothing; Docker's
            file may hold credentials for such a part alone.
        environ: the environment.

    Raises:
        WrongUsage: half of them is missing.
        SlipwayError: a file cannot be read.
    """
    if username := environ.get(USERNAME):
        return Credentials(username, _password(environ), source=f"from {USERNAME}")
    return kept(host, repository_prefix, environ)


def kept(host: str, repository_prefix: str, environ: Mapping[str, str]) -> Credentials:
    """Find what docker's files keep for a registry, whichever it is.

    Args:
        host: as for `find`.
        repository_prefix: as for `find`.
        environ: the environment, which says where the files are.

    Raises:
        SlipwayError: a file cannot be read.
    """
    for path in _files(environ):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _unreadable(path, error.strerror or "an error") from None
        if (found := in_docker_file(content, str(path), host, repository_prefix)) is not None:
            return found
    return Credentials()


def _password(environ: Mapping[str, str]) -> str:
    if password := environ.get(PASSWORD):
        return password
    if name := environ.get(PASSWORD_FILE):
        try:
            return Path(name).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise _unreadable(Path(name), f"it is what {PASSWORD_FILE} names") from None
    raise WrongUsage(f"{USERNAME} is set, but no password", fix=f"set {PASSWORD} too")


def _files(environ: Mapping[str, str]) -> list[Path]:
    """Return the files to look into, as containers-auth.json(5) and docker name them."""
    if name := environ.get("REGISTRY_AUTH_FILE"):
        return [Path(name)]
    found = []
    if folder := environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(folder) / "containers" / "auth.json")
    if folder := environ.get("DOCKER_CONFIG"):
        found.append(Path(folder) / "config.json")
    elif home := environ.get("HOME"):
        found.append(Path(home) / ".docker" / "config.json")
    return found


def in_docker_file(content: bytes, path: str, host: str, prefix: str) -> Credentials | None:
    """Return what the content of such a file has for a registry; None when it has nothing.

    Args:
        content: JSON.
        path: where it is from, for messages.
        host: as for `find`.
        prefix: as for `find`.

    Raises:
        SlipwayError: it is no such file.
    """
    try:
        value = json.loads(content)
    except ValueError:
        raise _unreadable(path, "it is not JSON") from None
    value = value if isinstance(value, dict) else {}
    entries = _table(value, "auths")
    for key in _keys(host, prefix):
        entry = entries.get(key)
        if isinstance(entry, dict) and (found := _entry(entry, path)):
            return found
    helper = _table(value, "credHelpers").get(host) or value.get("credsStore")
    return Credentials(source=f"in {path}", helper=helper) if isinstance(helper, str) else None


def _keys(host: str, prefix: str) -> list[str]:
    """Return the keys a registry can have in the file, the most specific first."""
    parts = prefix.strip("/").split("/") if prefix.strip("/") else []
    keys = ["/".join([host, *parts[:count]]) for count in range(len(parts), -1, -1)]
    keys += [f"https://{host}", f"https://{host}/", f"https://{host}/v1/", f"https://{host}/v2/"]
    if host in {"docker.io", "registry-1.docker.io"}:
        keys += ["docker.io", "https://index.docker.io/v1/"]
    return keys


def _entry(entry: Mapping[str, Any], path: str) -> Credentials | None:
    username, password = entry.get("username") or "", entry.get("password") or ""
    if isinstance(entry.get("auth"), str):
        try:
            plain = base64.b64decode(entry["auth"], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _unreadable(path, "an auth entry is not base64") from None
        username, _, password = plain.rstrip("\0").partition(":")
    token = entry.get("identitytoken") or ""
    found = Credentials(str(username), str(password), str(token), source=f"from {path}")
    return found or None


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = value.get(key)
    return table if isinstance(table, dict) else {}


def _unreadable(path: Path | str, why: str) -> SlipwayError:
    return SlipwayError(
        f"the registry's credentials cannot be read: {why}", where=str(path), fix=ADVICE
    )
