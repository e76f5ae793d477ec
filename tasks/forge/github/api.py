"""One request to GitHub: its headers, its pages, its limits, and what may be asked again.

What only looks, or says the same when said twice, is asked again when it breaks off. What would
make a second thing is asked again only after a look whether the first one is there (`create`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
import urllib3

from ...kernel import journal
from ...kernel.errors import SlipwayError
from ...kernel.retry import Patience, Transient
from ...kernel.web import BROKEN, Session, broken, cause
from ..port import Refused
from . import address
from .answers import object_in, passing, words
from .badge import Badge
from .login import ADVICE, Login

T = TypeVar("T")
Told = dict[str, Any]
JSON = "application/vnd.github+json"
BYTES = "application/octet-stream"
_VERSION = "2022-11-28"
_PAGE = 100
_LONGEST_WAIT = 120.0  # seconds of a rate limit that a run sits out; a longer one ends it


class Api:
    """The API of one repository's GitHub.

    Args:
        base: where it is.
        repository: OWNER/NAME.
        login: who we are.
        patience: how often to ask, and how to wait.
        timeout: seconds to wait for a connection, and for each piece of an answer.
    """

    def __init__(
        self,
        base: str,
        repository: str,
        login: Login,
        patience: Patience | None = None,
        timeout: float = 30.0,
    ) -> None:
        self.base = base
        self.repository = repository
        self.login = login
        self.host = urlsplit(base).hostname or base
        self.patience = patience or Patience(longest=_LONGEST_WAIT)
        self._timeout = timeout
        self._badge = Badge(login, repository)
        self._sessions: dict[int, Session] = {}

    @property
    def permissions(self) -> Mapping[str, str]:
        """Return what our app was granted: name → level; empty for a token."""
        return self._badge.permissions

    def path(self, *parts: str | int) -> str:
        """Return the path of something of the repository, each part quoted but for its slashes."""
        return "/".join(["/repos", self.repository, *(quote(str(part)) for part in parts)])

    # asking

    def ask(self, method: str, path: str, **how: Any) -> requests.Response:
        """Ask, and again while it breaks off; see `attempt`."""
        return self.patience.persist(self.host, lambda: self.attempt(method, path, **how))

    def read(self, what: str, path: str, **how: Any) -> Told:
        """Return what GitHub tells of something that has to be there."""
        found: Told = self.told(self.ask("GET", path, **how), what)
        return found

    def change(self, what: str, method: str, path: str, body: Any = None) -> Told:
        """Change something in a way that is the same when done twice."""
        found: Told = self.told(self.ask(method, path, body=body), what)
        return found

    def create(self, make: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Make something once.

        Args:
            make: asks by `attempt`.
            find: looks whether it is there; asked before every further attempt, since the one
                before may have made it and only its answer got lost.
        """
        tried = False

        def once() -> T:
            nonlocal tried
            if tried and (there := find()) is not None:
                return there
            tried = True
            return make()

        return self.patience.persist(self.host, once)

    def pages(
        self, what: str, path: str, query: Mapping[str, Any] | None = None, key: str = ""
    ) -> Iterator[Told]:
        """Yield every item of a list, whatever number of pages it comes in.

        Args:
            what: cannot be done when it is refused.
            key: where the list is in the answer; empty when it is the answer.
        """
        url, asked = path, {**(query or {}), "per_page": _PAGE}
        seen: set[str] = set()
        while url and url not in seen:
            seen.add(url)
            response = self.ask("GET", url, query=asked)
            found = self.told(response, what, kind=dict if key else list)
            yield from found[key] if key else found
            url, asked = response.links.get("next", {}).get("url", ""), {}

    def attempt(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        accept: str = JSON,
    ) -> requests.Response:
        """Ask once.

        Args:
            path: below the base; or a whole URL that GitHub itself has named.
            body: is sent as JSON.
            content: is sent as it is.
            accept: the kind of answer.

        Raises:
            Transient: no connection, a rate limit, or a failure of theirs.
            SlipwayError: the certificate is bad.
        """
        url = self._safe(path if "://" in path else f"{self.base}{path}")
        headers = {"Accept": accept}
        if content is not None:
            headers["Content-Type"] = BYTES
        how = {"params": query, "json": body, "data": content}
        token = self._badge.token(self._send_as_app)
        response = self._send(method, url, token, headers, how)
        if response.status_code == 401 and self._badge.expired():
            token = self._badge.token(self._send_as_app)
            response = self._send(method, url, token, headers, how)
        if trouble := passing(response):
            raise trouble
        return response

    def graphql(self, what: str, query: str, variables: Mapping[str, str]) -> Told:
        """Send a mutation that is the same when done twice; return its data."""
        body = {"query": query, "variables": dict(variables)}
        told = self.change(what, "POST", address.graphql(self.base), body)
        errors = told.get("errors")
        if errors:
            said = [self._clean(str(error.get("message", ""))) for error in errors[:3]]
            raise SlipwayError(what, where=self.repository, detail=said, fix=_MAY)
        return object_in(told.get("data"))

    # answers

    def told(
        self,
        response: requests.Response,
        what: str,
        ok: Collection[int] = (200, 201),
        kind: type = dict,
    ) -> Any:
        """Return an answer's JSON.

        Args:
            what: was not possible if the answer is a refusal ("the release cannot be read").
            ok: statuses that are none.
            kind: what it has to be.
        """
        if response.status_code not in ok:
            raise self.refused(response, what)
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, kind):
            raise SlipwayError(
                f"{what}: the answer is not GitHub's", where=self.base, fix="correct forge.api"
            )
        return found

    def refused(self, response: requests.Response, what: str) -> SlipwayError:
        """Put a refusal into words."""
        status, fix, source = response.status_code, "", self.login.source
        if status == 401:
            what, fix = f"{what}: GitHub does not accept the token {source}", ADVICE
        elif status == 403:
            what, fix = f"{what}: the token {source} may not do that", _MAY
        elif status == 404:
            fix = f"is it there, and may the token {source} see {self.repository}?"
        elif 300 <= status < 400:
            what, fix = f"{what}: the repository has moved", "correct forge.repository"
        said = [self._clean(line) for line in words(response)]
        evidence = f"HTTP {status} {response.reason or ''}".rstrip()
        if number := response.headers.get("X-GitHub-Request-Id", ""):
            evidence += f", request {number[:64]}"
        kind = Refused if status in (403, 404, 409, 422) else SlipwayError
        return kind(what, where=self.repository, fix=fix, detail=[*said, evidence])

    def _clean(self, line: str) -> str:
        return self._badge.masked("".join(char for char in line if char.isprintable())[:300])

    # sending

    def _send_as_app(self, method: str, path: str, statement: str, body: Any) -> requests.Response:
        response = self._send(
            method, f"{self.base}{path}", statement, {"Accept": JSON}, {"json": body}
        )
        if trouble := passing(response):
            raise trouble
        return response

    def _send(
        self, method: str, url: str, token: str, headers: Mapping[str, str], how: Mapping[str, Any]
    ) -> requests.Response:
        lines = {
            **headers,
            "Authorization": f"Bearer {token}",
            "User-Agent": "slipway",
            "X-GitHub-Api-Version": _VERSION,
        }
        try:
            response = self._session().request(
                method,
                url,
                headers=lines,
                timeout=self._timeout,
                allow_redirects=method == "GET",
                **how,
            )
        except requests.exceptions.SSLError as error:
            raise SlipwayError(
                "GitHub's certificate is not accepted",
                where=self.host,
                fix="if your company has a CA of its own, name its file in REQUESTS_CA_BUNDLE",
                detail=[cause(error)],
            ) from None
        except BROKEN as error:
            raise Transient(broken(error)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise SlipwayError(
                f"the request cannot be sent: {type(error).__name__}",
                where=self.host,
                fix="check forge.api and the proxy variables",
            ) from None
        journal.say(f"{method} {urlsplit(url).path}: {response.status_code}")
        return response

    def _safe(self, url: str) -> str:
        """Refuse to send the token in the clear, wherever an answer leads us.

        Raises:
            SlipwayError: the URL is not encrypted and leads to another machine.
        """
        if urlsplit(url).scheme != "https" and not (
            address.is_loopback(url) and address.is_loopback(self.base)
        ):
            raise SlipwayError(
                "GitHub names an address that is not encrypted: the token is not sent there",
                where=urlsplit(url).hostname or "",
                fix="check forge.api: is that GitHub?",
            )
        return url

    def _session(self) -> Session:
        """Return this process's session: two that share a connection would mix up its answers."""
        pid = os.getpid()
        if pid not in self._sessions:
            self._sessions = {pid: Session(direct=address.is_loopback(self.base))}
        return self._sessions[pid]


_MAY = "docs/how-to/github.md says what a token or an app must be allowed to"
