"""States elsewhere, credentials from the environment, programs by name, one cache for all."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks.kernel import journal
from tasks.kernel.config import load
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import World
from tasks.terraform import Locked, Terraform, find_terraform
from tests.needs import need
from tests.project import PIPELINE

MAIN = 'terraform {\n  backend "http" {}\n}\nresource "terraform_data" "a" {\n  input = 1\n}\n'
PASSWORD = "a long secret of the state"


class States(ThreadingHTTPServer):
    """A server of one state with a lock, as Terraform's backend `http` wants it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = b""
        self.lock = b""
        self.allowed = base64.b64encode(f"ci:{PASSWORD}".encode()).decode()

    @property
    def backend(self) -> dict[str, str]:
        where = f"http://127.0.0.1:{self.server_address[1]}/staging"
        return {"address": where, "lock_address": where, "unlock_address": where}


class Handler(BaseHTTPRequestHandler):
    server: States

    def _answer(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def handle_one(self) -> None:
        body, here = self._body(), self.server
        if self.headers.get("Authorization") != f"Basic {here.allowed}":
            self._answer(401)
        elif self.command == "GET":
            self._answer(200 if here.state else 404, here.state)
        elif self.command == "LOCK" and here.lock:
            self._answer(423, here.lock)
        else:
            if self.command == "POST":
                here.state = body
            else:
                here.lock = body if self.command == "LOCK" else b""
            self._answer(200)

    do_GET = do_POST = do_LOCK = do_UNLOCK = handle_one  # noqa: N815 - their names are HTTP's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def states() -> Iterator[States]:
    with States() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    monkeypatch.setenv("TF_HTTP_USERNAME", "ci")
    monkeypatch.setenv("TF_HTTP_PASSWORD", PASSWORD)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/main.tf").write_text(MAIN)
    return Terraform(Path(need("terraform")), tmp_path / "root", {})


def test_a_state_on_a_server_with_credentials_from_the_environment(
    terraform: Terraform, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(journal, "say", said.append)
    monkeypatch.setattr(journal, "program", lambda command, *_: said.append(" ".join(command)))
    terraform.init(states.backend)
    plan = terraform.plan(tmp_path / "plan")
    assert (plan.add, plan.serial) == (1, 0)
    terraform.apply(tmp_path / "plan")
    assert terraform.state()[0] == json.loads(states.state)["serial"] > 0
    assert PASSWORD not in "\n".join(said)
    assert not [file for file in (tmp_path / "root").rglob("*")
                if file.is_file() and PASSWORD.encode() in file.read_bytes()]  # fmt: skip
    assert terraform.drift() == ()


def test_without_credentials_nothing_is_done(
    terraform: Terraform, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_HTTP_PASSWORD", "something else")
    with pytest.raises(Failed):
        terraform.init(states.backend)
    assert states.state == b""


def test_a_lock_of_somebody_else_is_told(
    terraform: Terraform, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform.init(states.backend)
    monkeypatch.setattr("tasks.terraform.program._LOCK", "-lock-timeout=0s")
    states.lock = json.dumps(
        {"ID": "1234", "Operation": "OperationTypeApply", "Who": "ada@laptop",
         "Created": "2026-01-01T00:00:00Z"}
    ).encode()  # fmt: skip
    with pytest.raises(Locked, match="the state is locked by "):
        terraform.plan(tmp_path / "plan")


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_root_may_have_a_program_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    world = World(load(tmp_path / "pipeline.yml"), tmp_path)
    there = program(tmp_path / "bin", "tofu-1.8", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(there.parent))
    assert find_terraform(world, "tofu-1.8") == there
    assert find_terraform(world, "bin/tofu-1.8") == there
    with pytest.raises(SlipwayError, match=r"terraform-0\.9 is not installed"):
        find_terraform(world, "terraform-0.9")


def test_one_init_at_a_time_writes_the_cache_of_providers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    slow = f"#!/bin/sh\necho begin >> {seen}\nsleep 0.2\necho end >> {seen}\n"
    there = program(tmp_path / "bin", "terraform", slow)
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "cache"))
    roots = [tmp_path / name for name in ("one", "two", "three")]
    for root in roots:
        root.mkdir()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda root: Terraform(there, root, {}).init({}), roots))
    assert seen.read_text().split() == ["begin", "end"] * 3
    assert (tmp_path / "cache").is_dir()
