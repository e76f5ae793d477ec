"""Where a registry is: its address, taken apart, and which addresses may see our credentials."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from tasks.kernel.errors import SlipwayError, WrongUsage

from . import names

_DOCKER_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


@dataclass(frozen=True)
class Address:
    """A registry's address.

    Attributes:
        scheme: https or http.
        host: with the port when there is one.
        prefix: what stands before every repository name, empty for nothing.
    """

    scheme: str
    host: str
    prefix: str = ""

    @property
    def loopback(self) -> bool:
        """Whether the registry runs on this machine."""
        return _loopback(self.host)

    def repository(self, name: str) -> str:
        """Return the full name of a repository, prefix included."""
        return names.repository(f"{self.prefix}/{name}" if self.prefix else name)

    def url(self, path: str) -> str:
        """Return the URL of a path of the distribution API, such as `app/tags/list`."""
        return f"{self.scheme}://{self.host}/v2/{path}"

    def owns(self, url: str) -> bool:
        """Return whether a URL is on the registry itself, so that credentials may go there."""
        parts = urlsplit(url)
        return (parts.scheme, parts.netloc.lower()) == (self.scheme, self.host)

    def follow(self, base: str, location: str) -> str:
        """Resolve a URL the registry gave us.

        A registry behind a proxy that ends TLS likes to say `http` about itself; a URL there is
        corrected, one that leads elsewhere without TLS is refused.

        Raises:
            SlipwayError: the URL is no web address, or gives up TLS.
        """
        parts = urlsplit(urljoin(base, location))
        if parts.netloc.lower() == self.host and parts.scheme in {"http", "https"}:
            parts = parts._replace(scheme=self.scheme)
        allowed = {"https"} if self.scheme == "https" else {"http", "https"}
        if parts.scheme not in allowed or not parts.netloc or "@" in parts.netloc:
            raise SlipwayError(
                "the registry sent us to an address that cannot be used",
                where=self.host,
                fix="look at the registry's own settings, its external URL above all",
                detail=[f"{parts.scheme}://{parts.hostname}{parts.path}"],
            )
        return urlunsplit(parts)

    def __str__(self) -> str:
        return f"{self.host}/{self.prefix}" if self.prefix else self.host


def parse(text: str, *, insecure: bool = False) -> Address:
    """Take a registry's address apart.

    Args:
        text: `https://registry.example.org/team`, or without the scheme, which then is `https`, and
            `http` on this machine.
        insecure: allow plain HTTP to another machine.

    Raises:
        WrongUsage: it is no such address, holds a password, or is plain HTTP without `insecure`.
    """
    parts = urlsplit(text if "://" in text else f"//{text}")
    if "@" in parts.netloc:
        raise WrongUsage(
            "the registry's address holds a user name or a password",
            where="registry.url",
            fix="remove it, and give the credentials in the environment",
        )
    if parts.scheme not in {"", "http", "https"} or parts.query or parts.fragment:
        raise _wrong(text)
    try:
        if not parts.hostname or parts.port == 0:
            raise _wrong(text)
    except ValueError:  # a port that is no number
        raise _wrong(text) from None
    host = parts.netloc.lower()
    # People copy the API's root, too; it is no part of a repository's name.
    prefix = f"{parts.path.strip('/')}/".removeprefix("v2/").strip("/")
    if prefix:
        names.repository(prefix)
    scheme = parts.scheme or ("http" if _loopback(host) else "https")
    if scheme == "http" and not insecure and not _loopback(host):
        raise WrongUsage(
            f"plain http to {host} is not allowed: anybody on the way could swap images",
            where="registry.url",
            fix="use https, or set registry.insecure to true if you mean it",
        )
    return Address(scheme, _DOCKER_HUB.get(host, host), prefix)


def with_digest(url: str, digest: str) -> str:
    """Return an upload's URL with the parameter that ends the upload."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode({'digest': digest})}"


def _loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _wrong(text: str) -> WrongUsage:
    return WrongUsage(
        f"{text!r} is not the address of a registry",
        where="registry.url",
        fix="write it as https://HOST[:PORT][/PREFIX]",
    )
