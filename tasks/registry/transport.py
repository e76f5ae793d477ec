"""One HTTP request to a registry: authorised, its errors turned into words.

`requests` rather than `urllib3` alone: it honours the proxy and CA variables that company networks
need. Its reading of `.netrc` is switched off, credentials come from `credentials.py` only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

import requests
import urllib3

from tasks.kernel.errors import SlipwayError

from . import auth
from .address import Address
from .credentials import Credentials
from .retry import Transient, seconds

Body = bytes | IO[bytes] | None

# What a broken connection looks like, before the answer and in the middle of its body. A bad
# certificate is one of these by inheritance, and is told apart where they are caught.
BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.TimeoutError,
)
BROKEN_BODY = (*BROKEN, urllib3.exceptions.HTTPError)  # what reading a body by itself may raise
_LONGEST_REPLY = 64 * 1024


class _Session(requests.Session):
    """A session that takes no credentials from a `.netrc` file.

    Args:
        direct: use no proxy: none has a way to this machine's own loopback.
    """

    def __init__(self, *, direct: bool) -> None:
        super().__init__()
        self.auth = _leave_alone
        self.direct = direct

    def merge_environment_settings(self, *args: Any, **more: Any) -> Any:
        """Take proxies and the CA file from the environment."""
        settings = super().merge_environment_settings(*args, **more)
        if self.direct:
            settings["proxies"] = {}
        return settings

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Drop our credentials when a redirect leaves the host; add none."""
        old, new = response.request.url, prepared_request.url
        if old is None or new is None or _leaves(old, new):
            prepared_request.headers.pop("Authorization", None)


class Transport:
    """Sends requests to one registry.

    Args:
        address: of the registry.
        credentials: what to log in with, when asked.
        timeout: seconds to wait for a connection, and for each piece of an answer.
    """

    def __init__(self, address: Address, credentials: Credentials, timeout: float) -> None:
        self.address = address
        self.credentials = credentials
        self.timeout = timeout
        self._authorizations: dict[tuple[str, bool], str] = {}
        self._session = _Session(direct=address.loopback)

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
                allow_redirects=method in {"GET", "HEAD"},
            )
        except requests.exceptions.SSLError as error:
            raise SlipwayError(
                "the registry's certificate is not accepted",
                where=self.address.host,
                fix="if your company has a CA of its own, name its file in REQUESTS_CA_BUNDLE",
                detail=[_cause(error)],
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


def broken(error: Exception) -> str:
    """Say in a few words, without addresses or headers, how a connection broke."""
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "no answer in time"
    return f"the connection failed: {_cause(error)}"


def _cause(error: BaseException) -> str:
    """Return the innermost reason; the outer ones repeat the whole URL."""
    inner: BaseException = error
    for _ in range(8):
        reason = getattr(inner, "reason", None)
        following = reason if isinstance(reason, BaseException) else None
        following = following or next((a for a in inner.args if isinstance(a, BaseException)), None)
        following = following or inner.__cause__ or inner.__context__
        if following is None:
            break
        inner = following
    return (getattr(inner, "strerror", None) or type(inner).__name__)[:200]


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


def _leaves(old: str, new: str) -> bool:
    """Return whether a redirect leads to another host, port or scheme."""
    return urlsplit(old)[:2] != urlsplit(new)[:2]


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
