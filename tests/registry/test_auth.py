"""Challenges of a registry, and how they are answered."""

from __future__ import annotations

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.registry.address import parse
from tasks.registry.auth import bearer, challenge, token_request
from tasks.registry.credentials import Credentials


def test_a_challenge_is_read() -> None:
    header = 'Bearer realm="https://a.test/t?x=1",service="r",scope="repository:a/b:pull,push"'
    found = challenge(header)
    assert found is not None
    assert found.scheme == "bearer"
    assert found.parameters == {
        "realm": "https://a.test/t?x=1",
        "service": "r",
        "scope": "repository:a/b:pull,push",
    }


@pytest.mark.parametrize("header", [None, "", "Negotiate", "Digest realm=x"])
def test_what_we_cannot_answer_is_left_alone(header: str | None) -> None:
    assert challenge(header) is None


def test_parameters_join_those_of_the_realm() -> None:
    asked = challenge('Bearer realm="https://a.test/t?x=1",service="r"')
    assert asked is not None
    request = token_request(asked, Credentials("me", "p"), parse("https://r.test"))
    assert request.url == "https://a.test/t?x=1&service=r&account=me"
    assert request.authorization == "Basic bWU6cA=="


@pytest.mark.parametrize(
    "realm", ["", "http://a.test/t", "ftp://a.test", "https://u:p@a.test/", "/t"]
)
def test_credentials_are_not_sent_where_they_could_be_read(realm: str) -> None:
    asked = challenge(f'Bearer realm="{realm}",service="r"')
    assert asked is not None
    with pytest.raises(SlipwayError, match="no safe address"):
        token_request(asked, Credentials("me", "p"), parse("https://r.test"))


@pytest.mark.parametrize("reply", [{}, {"token": 1}, {"token": ""}, {"token": "a\r\nX-Evil: b"}])
def test_a_reply_without_a_token_is_refused(reply: dict[str, object]) -> None:
    with pytest.raises(SlipwayError, match="no token"):
        bearer(reply, parse("https://r.test"))


def test_both_names_of_the_token_are_known() -> None:
    assert bearer({"access_token": "t"}, parse("https://r.test")) == "Bearer t"
