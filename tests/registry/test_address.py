"""Addresses of registries: which are taken, and where credentials may go."""

from __future__ import annotations

import pytest

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.registry.address import Address, parse, with_digest


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://ghcr.io/team", Address("https", "ghcr.io", "team")),
        ("ghcr.io/team/sub/", Address("https", "ghcr.io", "team/sub")),
        ("https://R.example.org:5000", Address("https", "r.example.org:5000")),
        ("https://r.example.org/v2/", Address("https", "r.example.org")),
        ("127.0.0.1:5000", Address("http", "127.0.0.1:5000")),
        ("localhost:5000/x", Address("http", "localhost:5000", "x")),
        ("http://[::1]:5000", Address("http", "[::1]:5000")),
        ("docker.io/team", Address("https", "registry-1.docker.io", "team")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse(text) == address


def test_a_prefix_stands_before_every_repository() -> None:
    assert parse("https://ghcr.io/team").repository("app") == "team/app"
    assert parse("https://ghcr.io/v2x").repository("app") == "v2x/app"


def test_plain_http_needs_a_word_of_consent() -> None:
    with pytest.raises(WrongUsage, match="plain http"):
        parse("http://registry.example.org")
    assert parse("http://registry.example.org", insecure=True).scheme == "http"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://x",
        "https://x?y=1",
        "https://x#y",
        "https://x:port",
        "https://x/Team",
        "https://x/../y",
        "file:///etc",
        "-x/../../y",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse(text)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(WrongUsage, match="password") as caught:
        parse("https://me:hunter2@ghcr.io/team")
    assert "hunter2" not in str(caught.value)


def test_only_the_registry_itself_sees_credentials() -> None:
    address = parse("https://r.example.org")
    assert address.owns("https://r.example.org/v2/x")
    assert not address.owns("http://r.example.org/v2/x")
    assert not address.owns("https://r.example.org.evil.test/v2/x")
    assert not address.owns("https://r.example.org:444/v2/x")


def test_locations_are_followed_but_never_out_of_tls() -> None:
    address = parse("https://r.example.org")
    base = "https://r.example.org/v2/app/blobs/uploads/"
    assert address.follow(base, "/v2/app/blobs/uploads/1?s=2") == f"{base}1?s=2"
    assert address.follow(base, "http://r.example.org/up") == "https://r.example.org/up"
    assert address.follow(base, "https://store.example.org/up") == "https://store.example.org/up"
    for bad in ("http://store.example.org/up", "file:///etc/passwd", "https://a@b/up"):
        with pytest.raises(SlipwayError, match="cannot be used"):
            address.follow(base, bad)


def test_the_digest_joins_what_the_location_has() -> None:
    assert with_digest("http://x/up", "sha256:ab") == "http://x/up?digest=sha256%3Aab"
    assert with_digest("http://x/up?s=1", "sha256:ab") == "http://x/up?s=1&digest=sha256%3Aab"
