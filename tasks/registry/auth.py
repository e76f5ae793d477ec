"""How a registry asks who we are, and how we answer: HTTP Basic, or a token for a scope.

The challenge is the `WWW-Authenticate` header of a 401 (RFC 9110); the token flow is the one of the
distribution project, with OAuth's refresh token for those who have an identity token.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from tasks.kernel.errors import SlipwayError

from .address import Address
from .credentials import Credentials

_CLIENT = "slipway"


@dataclass(frozen=True)
class Challenge:
    """What a registry asks for: a scheme in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def challenge(header: str | None) -> Challenge | None:
    """Read a `WWW-Authenticate` header; None when it asks for nothing we know."""
    scheme, _, rest = (header or "").strip().partition(" ")
    if scheme.lower() not in {"basic", "bearer"}:
        return None
    fields = [field for field in parse_http_list(rest) if "=" in field]
    parameters = {key.lower(): value for key, value in parse_keqv_list(fields).items()}
    return Challenge(scheme.lower(), parameters)


def basic(credentials: Credentials) -> str:
    """Return the `Authorization` header of HTTP Basic."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True)
class TokenRequest:
    """The request that fetches a token; a form means POST."""

    url: str
    authorization: str | None
    form: Mapping[str, str] | None


def token_request(asked: Challenge, credentials: Credentials, address: Address) -> TokenRequest:
    """Return how to fetch the token that a challenge asks for.

    Raises:
        SlipwayError: the challenge names no place, or one that would show our credentials.
    """
    realm = asked.parameters.get("realm", "")
    parts = urlsplit(realm)
    allowed = {"https"} if address.scheme == "https" else {"http", "https"}
    if parts.scheme not in allowed or not parts.netloc or "@" in parts.netloc:
        raise SlipwayError(
            "the registry names no safe address to log in at",
            where=str(address),
            fix="look at the registry's own settings of token authentication",
            detail=[f"realm: {parts.scheme}://{parts.hostname or ''}{parts.path}"],
        )
    wanted = {key: asked.parameters[key] for key in ("service", "scope") if key in asked.parameters}
    if credentials.identity_token:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": credentials.identity_token,
            "client_id": _CLIENT,
            **wanted,
        }
        return TokenRequest(realm, None, form)
    if credentials:
        wanted["account"] = credentials.username
    url = f"{realm}{'&' if parts.query else '?'}{urlencode(wanted)}" if wanted else realm
    return TokenRequest(url, basic(credentials) if credentials else None, None)


def bearer(reply: Mapping[str, Any], address: Address) -> str:
    """Return the `Authorization` header for a fetched token.

    Raises:
        SlipwayError: the reply holds none.
    """
    token = reply.get("token") or reply.get("access_token")
    if not isinstance(token, str) or not token.isprintable():
        raise SlipwayError("the registry's login gave no token", where=str(address))
    return f"Bearer {token}"


Fetch = Callable[[TokenRequest], Mapping[str, Any]]


def answer(
    asked: Challenge, credentials: Credentials, address: Address, fetch: Fetch
) -> str | None:
    """Return the `Authorization` header that answers a challenge; None when we have no answer.

    Args:
        asked: the challenge.
        credentials: ours; without any, a token for everybody is fetched.
        address: the registry.
        fetch: sends a token request and returns the reply's JSON.
    """
    if credentials.bearer:
        return f"Bearer {credentials.bearer}"
    if asked.scheme == "basic":
        return basic(credentials) if credentials.username else None
    return bearer(fetch(token_request(asked, credentials, address)), address)
