"""Logging in to a registry, and who never gets to see what we log in with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.registry.http import HttpRegistry
from tests.registry.conftest import Served
from tests.registry.images import image
from tests.registry.loopback import Asked, Loopback, Reply, scripted

BLOB = b"some content"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
# htpasswd -nbB slipway s3cret-of-the-test
HTPASSWD = "slipway:$2y$05$abcdefghijklmnopqrstuujsWknM8pfBPdRxoOJt8hu.sWw2vTXTq"
SECRET = "s3cret-of-the-test"


def _token_server(tokens: list[str]) -> Callable[[Asked], Reply]:
    """Stand for a registry with its login service; a token is good for one request."""

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/token"):
            tokens.append(f"token-{len(tokens)}-{SECRET}")
            return Reply(200, json.dumps({"token": tokens[-1], "expires_in": 60}).encode())
        if tokens and asked.headers.get("authorization") == f"Bearer {tokens[-1]}":
            return Reply(200, BLOB)
        realm = f"http://{asked.headers['host']}/token"
        challenge = f'Bearer realm="{realm}",service="reg",scope="repository:app:pull"'
        return Reply(401, headers={"WWW-Authenticate": challenge})

    return answer


def test_a_token_is_fetched_and_used_again() -> None:
    environ = {"SLIPWAY_REGISTRY_USERNAME": "me", "SLIPWAY_REGISTRY_PASSWORD": SECRET}
    tokens: list[str] = []
    with Loopback(_token_server(tokens)) as server:
        registry = HttpRegistry(server.url, environ=environ)
        registry.blob("app", DIGEST)
        registry.blob("app", DIGEST)
        asked = [item for item in server.asked if item.path.startswith("/token")]
    assert len(asked) == 1
    assert "service=reg" in asked[0].path
    assert "scope=repository%3Aapp%3Apull" in asked[0].path
    assert asked[0].headers["authorization"].startswith("Basic ")
    assert SECRET not in asked[0].path


def test_a_token_that_ran_out_is_fetched_anew() -> None:
    tokens: list[str] = []
    with Loopback(_token_server(tokens)) as server:
        registry = HttpRegistry(server.url, environ={})
        registry.blob("app", DIGEST)
        tokens.append("of somebody else")
        registry.blob("app", DIGEST)
        asked = [item for item in server.asked if item.path.startswith("/token")]
    assert len(asked) == 2
    assert "authorization" not in asked[0].headers, "without credentials, a token for everybody"


def test_an_identity_token_goes_into_the_body(tmp_path: Path) -> None:
    tokens: list[str] = []
    with Loopback(_token_server(tokens)) as server:
        auths = {server.url.removeprefix("http://"): {"identitytoken": SECRET}}
        (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
        registry = HttpRegistry(server.url, environ={"DOCKER_CONFIG": str(tmp_path)})
        registry.blob("app", DIGEST)
        asked = next(item for item in server.asked if item.path.startswith("/token"))
    assert asked.method == "POST"
    assert asked.path == "/token"
    assert b"grant_type=refresh_token" in asked.body
    assert SECRET.encode() in asked.body


def test_credentials_do_not_follow_a_redirect_to_another_host() -> None:
    with Loopback(scripted(Reply(200, BLOB))) as store:
        tokens: list[str] = []
        login = _token_server(tokens)

        def answer(asked: Asked) -> Reply:
            reply = login(asked)
            if reply.status == 200 and not asked.path.startswith("/token"):
                return Reply(307, headers={"Location": f"{store.url}/elsewhere"})
            return reply

        with Loopback(answer) as server:
            assert HttpRegistry(server.url, environ={}).blob("app", DIGEST) == BLOB
        assert "authorization" not in store.asked[0].headers


def test_a_netrc_file_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"default login me password {SECRET}\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Loopback(scripted(Reply(200, BLOB))) as server:
        HttpRegistry(server.url, environ={}).blob("app", DIGEST)
        assert "authorization" not in server.asked[0].headers


def test_a_refused_login_shows_no_secret() -> None:
    environ = {"SLIPWAY_REGISTRY_USERNAME": "me", "SLIPWAY_REGISTRY_PASSWORD": SECRET}
    challenge = {"WWW-Authenticate": 'Basic realm="x"'}
    with Loopback(scripted(Reply(401, headers=challenge))) as server:
        registry = HttpRegistry(server.url, environ=environ)
        with pytest.raises(SlipwayError, match="does not accept our credentials") as caught:
            registry.check()
        assert len(server.asked) == 2
    shown = f"{caught.value} {caught.value!r} {vars(registry)} {registry._client.__dict__}"
    assert SECRET not in shown
    assert "SLIPWAY_REGISTRY_USERNAME" in shown


def test_a_real_registry_with_a_password(tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(f"{HTPASSWD}\n")
    more = f"auth: {{htpasswd: {{realm: test, path: {tmp_path}/htpasswd}}}}"
    served = Served(tmp_path / "registry", more)
    try:
        url = f"http://{served.host}"
        layout, built = image(tmp_path)
        with pytest.raises(SlipwayError, match="credentials"):
            HttpRegistry(url, environ={}).push("app", layout, "1")
        environ = {"SLIPWAY_REGISTRY_USERNAME": "slipway", "SLIPWAY_REGISTRY_PASSWORD": SECRET}
        registry = HttpRegistry(url, environ=environ)
        registry.check()
        assert registry.push("app", layout, "1").digest == built.digest
        assert registry.resolve("app", "1") == built.digest
    finally:
        served.stop()
