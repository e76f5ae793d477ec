"""The web as this project speaks it: sessions without surprises, and broken connections in words.

`requests` rather than `urllib3` alone: it honours the proxy and CA variables that company networks
need. Its reading of `.netrc` is switched off, credentials come from their own modules only. Heavy:
import it inside functions only.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

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


class Session(requests.Session):
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


def broken(error: Exception) -> str:
    """Say in a few words, without addresses or headers, how a connection broke."""
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "no answer in time"
    return f"the connection failed: {cause(error)}"


def cause(error: BaseException) -> str:
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


def _leaves(old: str, new: str) -> bool:
    """Return whether a redirect leads to another host, port or scheme."""
    return urlsplit(old)[:2] != urlsplit(new)[:2]


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
