"""What is shown with every request: the token we were given, or the one that our app gets."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from ...kernel.errors import SlipwayError
from ...kernel.redact import MASK
from .answers import object_in, words
from .login import ADVICE, App, Login

Send = Callable[[str, str, str, Any], requests.Response]  # method, path, statement, body
_EARLY = 300  # seconds before its end a token is not used any more


class Badge:
    """The token of a login for a repository.

    Args:
        login: who we are.
        repository: OWNER/NAME.
    """

    def __init__(self, login: Login, repository: str) -> None:
        self._login = login
        self._repository = repository
        self._token = ""
        self._until = 0.0
        self.permissions: dict[str, str] = {}

    def token(self, send: Send) -> str:
        """Return the token; an app's is got when there is none, or its hour is nearly over.

        Args:
            send: asks GitHub as the app itself.
        """
        if not isinstance(self._login, App):
            return self._login.value
        if not self._token or time.time() > self._until - _EARLY:
            self._get(self._login, send)
        return self._token

    def expired(self) -> bool:
        """Note that GitHub does not take the token any more; say whether another can be had."""
        had, self._token = self._token, ""
        return bool(had)

    def masked(self, text: str) -> str:
        """Return a text without the token."""
        value = self._token if isinstance(self._login, App) else self._login.value
        return text.replace(value, MASK) if value else text

    def _get(self, app: App, send: Send) -> None:
        from .app import statement

        signed = statement(app)
        found = send("GET", f"/repos/{self._repository}/installation", signed, None)
        if found.status_code == 404:
            raise SlipwayError(
                f"the app {app.id} is not installed on {self._repository}",
                fix="install it there: the app's settings on GitHub, Install App",
            )
        number = _told(found, app).get("id")
        if not isinstance(number, int):
            raise SlipwayError("the app's installation cannot be read", where=self._repository)
        body = {"repositories": [self._repository.partition("/")[2]]}
        path = f"/app/installations/{quote(str(number))}/access_tokens"
        told = _told(send("POST", path, signed, body), app)
        token = told.get("token")
        if not isinstance(token, str) or not token.isprintable() or not token:
            raise SlipwayError("GitHub gave the app no token", where=self._repository)
        self._token, self._until = token, _instant(told.get("expires_at"))
        self.permissions = {
            str(name): str(level) for name, level in object_in(told.get("permissions")).items()
        }


def _told(response: requests.Response, app: App) -> dict[str, Any]:
    if response.status_code not in (200, 201):
        raise SlipwayError(
            f"GitHub does not accept the key of the app {app.id}",
            where=str(app.key),
            detail=[*(line[:300] for line in words(response)), f"HTTP {response.status_code}"],
            fix=f"is it this app's key, and is this machine's clock right? {ADVICE}",
        )
    try:
        return object_in(response.json())
    except ValueError:
        return {}


def _instant(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return time.time() + _EARLY + 60  # it does not say: get the next one soon
