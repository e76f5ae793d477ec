"""Who we are to GitHub: a token or an app, from the environment or a file.

Tokens are held in objects whose `repr` shows nothing of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...kernel.errors import SlipwayError, WrongUsage
from .address import PUBLIC

TOKEN = "SLIPWAY_GITHUB_TOKEN"  # noqa: S105 - the variable's name
TOKEN_FILE = "SLIPWAY_GITHUB_TOKEN_FILE"  # noqa: S105 - the variable's name
APP_ID = "SLIPWAY_GITHUB_APP_ID"
APP_KEY_FILE = "SLIPWAY_GITHUB_APP_KEY_FILE"
ACTIONS_TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the variable's name
ACTIONS_API = "GITHUB_API_URL"
ADVICE = f"set {TOKEN} (or {TOKEN_FILE}), or {APP_ID} and {APP_KEY_FILE}"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: of a person, or of the job that runs.

    Attributes:
        value: itself.
        source: where it was found, for messages.
    """

    value: str = field(repr=False)
    source: str

    @property
    def of_app(self) -> bool:
        """Say whether an app's installation has it: what GitHub tells of its rights is not true."""
        return self.value.startswith("ghs_")


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App, that gets a token for an hour with its key.

    Attributes:
        id: the app's id, or its client id.
        key: the file with its private key, PEM.
        source: for messages.
    """

    id: str
    key: Path
    source: str = f"the app that {APP_ID} names"


Login = Token | App


def find(api: str, environ: Mapping[str, str] | None = None) -> Login:
    """Find who we are.

    `GITHUB_TOKEN` comes last, and counts only for the GitHub that gave it to a job: to any other
    server it would be a present.

    Args:
        api: where the API is.
        environ: the environment; the process's own by default.

    Raises:
        WrongUsage: half of an app's login is missing.
        SlipwayError: there is none, or its file cannot be read.
    """
    given = os.environ if environ is None else environ
    if value := given.get(TOKEN):
        return _token(value, f"from {TOKEN}")
    if name := given.get(TOKEN_FILE):
        return _token(_read(Path(name), TOKEN_FILE), f"from the file that {TOKEN_FILE} names")
    if app_id := given.get(APP_ID):
        return _app(app_id, given.get(APP_KEY_FILE, ""))
    if (value := given.get(ACTIONS_TOKEN)) and given.get(ACTIONS_API, PUBLIC).rstrip("/") == api:
        return _token(value, f"from {ACTIONS_TOKEN}")
    raise SlipwayError("there is no token for GitHub", where=api, fix=ADVICE)


def _token(value: str, source: str) -> Token:
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise WrongUsage(f"the token {source} has characters that no token has", fix=ADVICE)
    return Token(value, source)


def _app(app_id: str, key: str) -> App:
    if not app_id.isascii() or not app_id.isalnum():
        raise WrongUsage(f"{APP_ID} is not the id of an app: letters and digits only")
    if not key:
        raise WrongUsage(f"{APP_ID} is set, but no key", fix=f"set {APP_KEY_FILE} too")
    _read(Path(key), APP_KEY_FILE)
    return App(app_id, Path(key).absolute())


def _read(path: Path, variable: str) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        raise SlipwayError(
            "the login for GitHub cannot be read",
            where=str(path),
            fix=f"it is what {variable} names; {ADVICE}",
        ) from None
