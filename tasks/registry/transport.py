"""One HTTP request to a registry: authorised, its errors turned into words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import urlencode

import requests
import urllib3

from tasks.kernel.errors import SlipwayError
from tasks.kernel.web import BROKEN, Session, broken, cause

from . import auth
from .address import Address
from .credentials import Credentials
from .retry import Transient, seconds

Body = bytes | IO[bytes] | None

_LONGEST_REPLY = 64 * 1024


class Transport:
    """Sends requests to one registry.

    Args:
        address: of the registry.
        credentials: what to log in with, when asked.
        timeout: seconds to wait for a connection, and for each piece of an answer.
        verify: whether the certificate must be good.
    """

    def __init__(
        self, address: Address, credentials: Credentials, timeout: float, *, verify: bool = True
    ) -> None:
        self.address = address
        self.credentials = credentials
        self.timeout = timeout
        self._verify = None if verify else False  # None: the environment may name a CA file
        self._authorizations: dict[tuple[str, bool], str] = {}
        self._session = Session(direct=address.loopback)

    def send(
        self,
        method: str,
        url: str,
        *,
        repository: str = "",
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        stream: bool = False,
    ) -> requests.Response:
        """Send one request, answering one challenge; not repeated otherwise.

        Args:
            repository: whose token to use.
            body: bytes, or a seekable file, sent from its beginning.
            stream: leave the answer's body unread.

        Raises:
            Transient: no connection, 429 or 5xx.
            SlipwayError: the certificate is bad, or the login was refused.
        """
        ours = self.address.owns(url)
        key = (repository, method in {"GET", "HEAD"})
        lines = {**(headers or {}), "Accept-Encoding": "identity"}
        known = self._authorizations.get(key) if ours else None
        response = self._once(method, url, lines, known, body, stream)
        if response.status_code == 401 and ours:
            asked = auth.challenge(response.headers.get("WWW-Authenticate"))
            found = asked and auth.answer(asked, self.credentials, self.address, self._fetch)
            if found:
                response.close()
                self._authorizations[key] = found
                response = self._once(method, url, lines, found, body, stream)
        _raise_transient(response)
        return response

    def refused(self, response: requests.Response, what: str, where: str) -> SlipwayError:
        """Put the refusal of a request into words.

        Args:
            response: the answer.
            what: what was not possible, such as "the image cannot be read".
            where: the repository or image.
        """
        status = response.status_code
        if status in {401, 403}:
            fix = self.credentials.advice()
            what = f"{what}: the registry does not accept our credentials"
            evidence = [f"HTTP {status}; credentials: {self.credentials.source}"]
        else:
            fix = "see what the registry says, and its log"
            evidence = [f"HTTP {status} {response.reason or ''}".rstrip()]
        return SlipwayError(
            what, where=f"{self.address.host}/{where}", fix=fix, detail=evidence + _says(response)
        )

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        authorization: str | None,
        body: Body,
        stream: bool,
    ) -> requests.Response:
        lines = dict(headers)
        if authorization:
            lines["Authorization"] = authorization
        if body is not None and not isinstance(body, bytes):
            body.seek(0)
        try:
            return self._session.request(
                method,
                url,
                headers=lines,
                data=body,
                timeout=self.timeout,
                stream=stream,
                verify=self._verify,
                allow_redirects=method in {"GET", "HEAD"},
            )
        except requests.exceptions.SSLError as error:
            raise SlipwayError(
                "the registry's certificate is not accepted",
                where=self.address.host,
                fix="if your company has a CA of its own, name its file in REQUESTS_CA_BUNDLE",
                detail=[cause(error)],
            ) from None
        except BROKEN as error:
            raise Transient(broken(error)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise SlipwayError(
                f"the request cannot be sent: {type(error).__name__}",
                where=self.address.host,
                fix="check registry.url and the proxy variables",
            ) from None

    def _fetch(self, wanted: auth.TokenRequest) -> Mapping[str, Any]:
        headers = {"Accept": "application/json"}
        form = None
        if wanted.form is not None:
            form = urlencode(dict(wanted.form)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = self._once(
            "POST" if form is not None else "GET",
            wanted.url,
            headers,
            wanted.authorization,
            form,
            stream=False,
        )
        _raise_transient(response)
        if response.status_code != 200:
            raise self.refused(response, "the login failed", "")
        try:
            reply = response.json()
        except ValueError:
            reply = None
        return reply if isinstance(reply, dict) else {}


def _raise_transient(response: requests.Response) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        wait = seconds(response.headers.get("Retry-After"))
        response.close()
        raise Transient(f"HTTP {status} {response.reason or ''}".rstrip(), wait)


def _says(response: requests.Response) -> list[str]:
    """Return the registry's own words about an error, shortened."""
    try:
        errors = json.loads(response.content[:_LONGEST_REPLY])["errors"]
        lines = [f"{error.get('code', '')}: {error.get('message', '')}" for error in errors[:3]]
    except (ValueError, TypeError, KeyError, AttributeError, *BROKEN):
        return []
    return ["".join(c for c in line if c.isprintable())[:200] for line in lines]
