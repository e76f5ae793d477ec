"""The HTTP side by itself: retries, pages, lost answers, and servers that lie."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.registry.http import HttpRegistry
from tasks.registry.port import TagTaken
from tasks.registry.retry import Patience
from tests.registry.images import image
from tests.registry.loopback import Asked, Loopback, Reply, forward, scripted

BLOB = b"some content"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"


class Waiting:
    """Takes note of the pauses instead of making them."""

    def __init__(self, attempts: int = 5) -> None:
        self.pauses: list[float] = []
        self.lines: list[str] = []
        self.patience = Patience(
            attempts=attempts, sleep=self.pauses.append, tell=self.lines.append
        )


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again(status: int) -> None:
    waiting = Waiting()
    with Loopback(scripted(Reply(status), Reply(status), Reply(200, BLOB))) as server:
        registry = HttpRegistry(server.url, environ={}, patience=waiting.patience)
        assert registry.blob("app", DIGEST) == BLOB
    assert waiting.pauses == [0.5, 1.0]
    assert f"HTTP {status}" in waiting.lines[0]
    assert "trying again in 0.5 s" in waiting.lines[0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422])
def test_what_will_not_pass_is_asked_once(status: int) -> None:
    waiting = Waiting()
    body = json.dumps({"errors": [{"code": "DENIED", "message": "no way"}]}).encode()
    with Loopback(scripted(Reply(status, body))) as server:
        registry = HttpRegistry(server.url, environ={}, patience=waiting.patience)
        with pytest.raises(SlipwayError, match=f"HTTP {status}(?s:.*)DENIED: no way"):
            registry.blob("app", DIGEST)
        assert len(server.asked) == 1
    assert waiting.pauses == []


def test_a_registry_that_asks_to_wait_is_obeyed() -> None:
    waiting = Waiting()
    replies = scripted(Reply(429, headers={"Retry-After": "7"}), Reply(200, BLOB))
    with Loopback(replies) as server:
        HttpRegistry(server.url, environ={}, patience=waiting.patience).blob("app", DIGEST)
    assert waiting.pauses == [7.0]


def test_nobody_waits_for_an_hour() -> None:
    waiting = Waiting()
    with Loopback(scripted(Reply(429, headers={"Retry-After": "3600"}))) as server:
        registry = HttpRegistry(server.url, environ={}, patience=waiting.patience)
        with pytest.raises(SlipwayError, match="asks to wait 3600 s"):
            registry.blob("app", DIGEST)
    assert waiting.pauses == []


def test_attempts_are_limited() -> None:
    waiting = Waiting(attempts=3)
    with Loopback(scripted(Reply(503))) as server:
        registry = HttpRegistry(server.url, environ={}, patience=waiting.patience)
        with pytest.raises(SlipwayError, match=r"HTTP 503.*3 attempts"):
            registry.resolve("app", "1")
        assert len(server.asked) == 3


def test_a_connection_that_breaks_is_made_again() -> None:
    waiting = Waiting()
    replies = scripted(Reply(cut=True), Reply(200, BLOB[:4], cut=True), Reply(200, BLOB))
    with Loopback(replies) as server:
        registry = HttpRegistry(server.url, environ={}, patience=waiting.patience)
        assert registry.blob("app", DIGEST) == BLOB
    assert len(waiting.pauses) == 2


def test_a_registry_that_is_down_is_named() -> None:
    with Loopback(scripted(Reply())) as server:
        url = server.url
    waiting = Waiting(attempts=2)
    with pytest.raises(SlipwayError, match="Connection refused") as caught:
        HttpRegistry(url, environ={}, patience=waiting.patience).check()
    assert caught.value.where == url.removeprefix("http://")
    assert "network" in caught.value.fix


def test_a_web_page_is_no_registry() -> None:
    with Loopback(scripted(Reply(404))) as server, pytest.raises(SlipwayError, match="no registry"):
        HttpRegistry(server.url, environ={}).check()


def test_content_that_does_not_have_its_digest_is_refused() -> None:
    with Loopback(scripted(Reply(200, b"something else"))) as server:
        registry = HttpRegistry(server.url, environ={})
        with pytest.raises(SlipwayError, match="does not have its digest"):
            registry.blob("app", DIGEST)
        with pytest.raises(SlipwayError, match="does not have its digest"):
            registry.manifest("app", DIGEST)


def test_a_manifest_that_was_changed_on_the_way_is_refused() -> None:
    reply = Reply(200, b"{}", {"Docker-Content-Digest": DIGEST})
    with (
        Loopback(scripted(reply)) as server,
        pytest.raises(SlipwayError, match="does not have its digest"),
    ):
        HttpRegistry(server.url, environ={}).manifest("app", "1")


def test_a_registry_that_tells_no_digest_is_asked_for_the_manifest() -> None:
    body = b'{"schemaVersion": 2}'
    headers = {"Content-Length": str(len(body))}
    with Loopback(lambda asked: Reply(200, body, headers)) as server:
        found = HttpRegistry(server.url, environ={}).resolve("app", "1")
        assert found == f"sha256:{hashlib.sha256(body).hexdigest()}"
        assert [line.split()[0] for line in server.said()] == ["HEAD", "GET"]


def test_tags_come_in_pages() -> None:
    def answer(asked: Asked) -> Reply:
        if "last=b" in asked.path:
            return Reply(200, b'{"tags": ["c"]}')
        link = '</v2/app/tags/list?last=b&n=2>; rel="next"'
        return Reply(200, b'{"tags": ["b", "a"]}', {"Link": link})

    with Loopback(answer) as server:
        assert HttpRegistry(server.url, environ={}).tags("app") == ["a", "b", "c"]
        assert len(server.asked) == 2


def test_pages_that_go_round_in_a_circle_end() -> None:
    link = {"Link": '</v2/app/tags/list?n=1000>; rel="next"'}
    with Loopback(scripted(Reply(200, b'{"tags": ["a"]}', link))) as server:
        assert HttpRegistry(server.url, environ={}).tags("app") == ["a"]


def test_a_tag_that_somebody_else_made_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    looked = 0

    def answer(asked: Asked) -> Reply:
        nonlocal looked
        if asked.method == "HEAD" and "/manifests/" in asked.path:
            looked += 1
            return Reply(404) if looked == 1 else Reply(200, headers=digest)
        if asked.method == "POST":
            return Reply(202, headers={"Location": f"{asked.path}1?state=x"})
        return Reply(201 if asked.method == "PUT" else 404)

    digest = {"Docker-Content-Digest": f"sha256:{'5' * 64}"}
    with Loopback(answer) as server:
        with pytest.raises(TagTaken, match="5555"):
            HttpRegistry(server.url, environ={}).push("app", layout, "1")
        assert f"PUT /v2/app/manifests/{built.digest}" in server.said()
        assert "PUT /v2/app/manifests/1" not in server.said()
        uploads = [line for line in server.said() if line.startswith("PUT /v2/app/blobs/uploads/")]
        assert all("state=x&digest=sha256%3A" in line for line in uploads)
        assert len(uploads) == 3


def test_an_upload_whose_answer_was_lost_is_found(served: str, tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    lost: list[str] = []

    def answer(asked: Asked) -> Reply:
        reply = forward(asked, served)
        if asked.method == "PUT" and "digest=" in asked.path and not lost:
            lost.append(asked.path)
            return Reply(cut=True)
        return reply

    waiting = Waiting()
    with Loopback(answer) as server:
        registry = HttpRegistry(f"{server.url}/lost", environ={}, patience=waiting.patience)
        pushed = registry.push("app", layout, "1")
        assert registry.resolve("app", "1") == built.digest
        uploads = [line for line in server.said() if line.startswith("PUT /v2/lost/app/blobs")]
    assert len(waiting.pauses) == 1
    assert len(uploads) == 3, "nothing was sent twice"
    assert len(pushed.present_blobs) == 1
