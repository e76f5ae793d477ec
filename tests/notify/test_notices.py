"""Who is told, of what, how often; and that a run never fails by it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel.config import Notice as Told
from tasks.kernel.errors import SlipwayError
from tasks.kernel.events import Event
from tasks.kernel.world import World
from tasks.notify import send
from tasks.notify.ledger import FILE, Ledger
from tasks.notify.notice import key_of, kind_of, notice_of
from tests.journeys.conftest import At
from tests.project import Project
from tests.rooms import Outside, world_of

HOOK = """\
import json, os, sys
told = json.loads(sys.stdin.read())
with open("told.jsonl", "a") as file:
    file.write(json.dumps(told) + "\\n")
"""


def tell(project: Project, on: str, more: str = "") -> None:
    """Have a command told, which writes down what it gets."""
    (project.folder / "hook.py").write_text(HOOK)
    project.configure(f"notify:\n  - {{on: [{on}], command: [python3, hook.py]{more}}}\n")


def told(project: Project) -> list[dict[str, str]]:
    file = project.folder / "told.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]], ids=["serial", "processes"])
def test_a_gate_once_and_a_release_once(at: At, how: list[str]) -> None:
    project = at("seeded")
    tell(project, "gate, release, failure")
    assert project.doit(*how, "release").code == 4
    [gate] = told(project)
    commit = project.refs()["refs/heads/main"]
    assert gate == {
        "event": "gate",
        "project": "shop",
        "task": "gate",
        "version": "0.2.0-rc.1",
        "commit": commit,
        "text": "a human merges pull request #1 to release 0.2.0\n  doit approve:release",
        "command": "doit approve:release",
        "url": "",
    }
    assert project.doit(*how, "release").code == 4
    assert told(project) == [gate]
    assert project.approve().code == 0
    assert project.doit(*how, "release").code == 0
    _, release = told(project)
    assert (release["event"], release["task"]) == ("release", "publish")
    assert (release["version"], release["commit"]) == ("0.2.0", commit)
    assert project.doit(*how, "release").code == 0
    project.lose_build()
    (project.folder / "build").mkdir()
    assert project.doit(*how, "release").code == 0  # it stands there: nothing was done, no news
    assert len(told(project)) == 2


@pytest.mark.slow
def test_a_failure_is_news_again_once_it_was_mended(at: At) -> None:
    project = at("seeded")
    tell(project, "failure")
    project.commit("fix: break it", {"broken": "", "server/main.py": "print('b')\n"})
    for _ in range(2):
        assert project.doit("release").code == 1
    tasks = sorted(notice["task"] for notice in told(project))
    assert tasks in (["check:unit"], ["check:unit", "check:web"])
    first = len(told(project))
    project.commit("fix: mend it", {"broken": None, "server/main.py": "print('c')\n"})
    assert project.doit("release").code == 4
    project.commit("fix: break again", {"broken": "", "server/main.py": "print('d')\n"})
    assert project.doit("release").code == 1
    assert len(told(project)) > first


@pytest.mark.slow
def test_a_hook_that_fails_is_told_of_and_owed_and_fails_nothing(at: At) -> None:
    project = at("seeded")
    (project.folder / "hook.py").write_text("import sys; sys.exit('no way')\n")
    project.configure("notify:\n  - {on: [gate], command: [python3, hook.py]}\n")
    run = project.doit("release")
    assert run.code == 4
    assert "python3 was not told of the gate of gate" in run.err
    assert "no way" in run.err
    assert "the next run tries again" in run.err
    (project.folder / "hook.py").write_text(HOOK)
    assert project.doit("release").code == 4
    assert [notice["event"] for notice in told(project)] == ["gate"]
    assert project.doit("release").code == 4
    assert len(told(project)) == 1


@pytest.mark.slow
def test_a_hook_that_hangs_is_stopped(at: At) -> None:
    project = at("seeded")
    (project.folder / "hook.py").write_text("import time; time.sleep(60)\n")
    project.configure("notify:\n  - {on: [gate], command: [python3, hook.py], timeout: 1s}\n")
    run = project.doit("release", timeout=50)
    assert run.code == 4
    assert "did not end within 1 s and was stopped" in run.err


def test_a_question_is_nobodys_news(at: At) -> None:
    project = at("seeded")
    tell(project, "gate, failure, release, deploy")
    project.doit("plan")
    project.doit("status")
    project.doit("where", "nothing-of-this-name")
    assert told(project) == []
    assert not (project.folder / FILE).exists()


def test_the_trial_tells_everybody_and_says_who_did_not_listen(at: At) -> None:
    project = at("seeded")
    tell(project, "gate")
    run = project.doit("notify:test")
    assert run.code == 0
    assert "✓ python3 (gate) took it" in run.out
    assert [notice["event"] for notice in told(project)] == ["test"]
    (project.folder / "hook.py").write_text("raise SystemExit(3)")
    run = project.doit("notify:test")
    assert run.code == 1
    assert "✗ python3 (gate)" in run.out


# a room by itself


class Post(BaseHTTPRequestHandler):
    """Takes what is posted."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(server.answer)
        if server.answer == 302:
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hooks() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    server.got, server.answer = [], 204
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_of(Outside(tmp_path / "shop"))


NOTICE = {"event": "gate", "project": "shop", "task": "gate", "version": "1.0.0-rc.1"}
NOTICE |= {"commit": "", "text": "a human decides", "command": "", "url": ""}


def to(webhook: str = "", variable: str = "") -> Told:
    return Told(("gate",), (), webhook, variable, 5.0, ())


def test_a_webhook_gets_the_notice_as_json(world: World, hooks: Any) -> None:
    send.deliver(world, to(f"http://127.0.0.1:{hooks.server_port}/shop"), NOTICE)
    assert hooks.got == [("/shop", "application/json; charset=utf-8", NOTICE)]


@pytest.mark.parametrize("answer", [302, 400, 404, 500])
def test_only_a_yes_is_a_yes(world: World, hooks: Any, answer: int) -> None:
    hooks.answer = answer
    with pytest.raises(SlipwayError, match=f"it answered {answer}"):
        send.deliver(world, to(f"http://127.0.0.1:{hooks.server_port}/shop"), NOTICE)
    assert len(hooks.got) == 1


def test_a_secret_address_comes_from_the_environment_and_is_never_told(
    world: World, hooks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = to(variable="SHOP_HOOK")
    with pytest.raises(SlipwayError, match="SHOP_HOOK is not set"):
        send.deliver(world, who, NOTICE)
    monkeypatch.setenv("SHOP_HOOK", f"http://127.0.0.1:{hooks.server_port}/s3cr3t")
    send.deliver(world, who, NOTICE)
    assert hooks.got[0][0] == "/s3cr3t"
    for address in ("http://example.org/s3cr3t", "file:///s3cr3t", "s3cr3t", "https://[s3cr3t"):
        monkeypatch.setenv("SHOP_HOOK", address)
        with pytest.raises(SlipwayError) as caught:
            send.deliver(world, who, NOTICE)
        assert "s3cr3t" not in str(caught.value)
    monkeypatch.setenv("SHOP_HOOK", "https://127.0.0.1:1/s3cr3t")
    with pytest.raises(SlipwayError) as caught:
        send.deliver(world, who, NOTICE)
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in send.name_of(who)
    assert send.name_of(to("https://hooks.example.org/s3cr3t")).endswith("hooks.example.org")


def test_secrets_stand_in_no_notice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "hush-hush-hush")
    text = "git said https://ada:pw@example.org/x and hush-hush-hush\x1b[31m"
    notice = notice_of(world, Event("failure", "push:web", text))
    assert "hush-hush-hush" not in json.dumps(notice)
    assert "ada:pw" not in json.dumps(notice)
    assert "\x1b" not in notice["text"]
    assert notice["command"] == "doit push:web"


def test_what_is_long_is_cut(world: World) -> None:
    notice = notice_of(world, Event("failure", "build", "x" * 9000))
    assert len(notice["text"]) == 4000


def test_the_address_of_the_pull_request_is_found(world: World) -> None:
    words = "a human merges pull request #7 (https://forge.example.org/o/n/pull/7) to release 1.0.0"
    notice = notice_of(world, Event("gate", "gate", f"{words}\n  doit approve:release"))
    assert notice["url"] == "https://forge.example.org/o/n/pull/7"
    assert notice["command"] == "doit approve:release"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (Event("gate", "gate", ""), "gate"),
        (Event("failure", "check:unit", ""), "failure"),
        (Event("done", "publish", "", acted=True), "release"),
        (Event("done", "publish", "", acted=False), ""),
        (Event("done", "deploy:qa", "", acted=True), "deploy"),
        (Event("done", "deploy:qa", "", acted=False), ""),
        (Event("done", "push:web", "", acted=True), ""),
    ],
)
def test_what_is_news(event: Event, kind: str) -> None:
    assert kind_of(event) == kind


def test_the_ledger_survives_what_people_do_to_it(world: World) -> None:
    world.write(FILE, b'{"owed": [{"notice": 3}, 7, {"told": []}], "sent": [5, "a"]}')
    assert Ledger(world).sent == ["a"]
    world.write(FILE, b"no json")
    ledger = Ledger(world)
    ledger.add(dict(NOTICE))
    ledger.add(dict(NOTICE))
    ledger.save()
    again = Ledger(world)
    assert list(again.owed) == [key_of(NOTICE)]
    again.settle(key_of(NOTICE))
    again.add(dict(NOTICE))
    assert again.owed == {}
    again.over("gate")
    again.add(dict(NOTICE))
    assert list(again.owed) == [key_of(NOTICE)]
