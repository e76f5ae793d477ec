"""States on a server, as Terraform's backend `http` wants them: strict about login and lock."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "ci", "a long secret of the state"
LOCK = {
    **{"ID": "1234-5678", "Operation": "OperationTypeApply", "Who": "ada@laptop"},
    **{"Created": "2026-01-01T00:00:00Z", "Info": "", "Version": "1.11.4", "Path": ""},
}


class States(ThreadingHTTPServer):
    """States and their locks, each by its path.

    Attributes:
        states: path → content.
        locks: path → what stands in the lock.
        allowed: the login that is let in.
        requests: what was asked, method and path.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.states: dict[str, bytes] = {}
        self.locks: dict[str, bytes] = {}
        self.allowed = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.requests: list[str] = []
        self.guard = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def backend(self, name: str) -> dict[str, str]:
        """Return what `init` is told of the state of that name."""
        where = f"{self.url}/{name}"
        return {"address": where, "lock_address": where, "unlock_address": where}

    def hold(self, name: str) -> None:
        """Have somebody else hold the lock."""
        self.locks[f"/{name}"] = json.dumps(LOCK).encode()


class Handler(BaseHTTPRequestHandler):
    """One request; a state is written only by who holds its lock."""

    server: States
    protocol_version = "HTTP/1.1"

    def _answer(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="states"')
        self.end_headers()
        self.wfile.write(content)

    def handle_one(self) -> None:
        body, here = self.rfile.read(int(self.headers.get("Content-Length", 0))), self.server
        told = urlsplit(self.path)
        with here.guard:
            here.requests.append(f"{self.command} {told.path}")
            if self.headers.get("Authorization") != f"Basic {here.allowed}":
                self._answer(401)
            elif self.command == "GET":
                found = here.states.get(told.path, b"")
                self._answer(200 if found else 404, found)
            elif self.command == "LOCK":
                self._lock(told.path, body)
            elif self.command == "UNLOCK":
                self._unlock(told.path, body)
            else:
                self._write(told.path, parse_qs(told.query).get("ID", [""])[0], body)

    def _lock(self, path: str, body: bytes) -> None:
        if path in self.server.locks:
            self._answer(423, self.server.locks[path])
        else:
            self.server.locks[path] = body
            self._answer(200)

    def _unlock(self, path: str, body: bytes) -> None:
        held = self.server.locks.get(path, b"{}")
        if body and json.loads(body)["ID"] != json.loads(held).get("ID"):
            self._answer(409)
            return
        self.server.locks.pop(path, None)
        self._answer(200)

    def _write(self, path: str, lock: str, body: bytes) -> None:
        held = self.server.locks.get(path)
        if held is not None and json.loads(held)["ID"] != lock:
            self._answer(409)
            return
        self.server.states[path] = body
        self._answer(200)

    do_GET = do_POST = do_LOCK = do_UNLOCK = handle_one  # noqa: N815 - their names are HTTP's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[States]:
    """Yield a server on loopback that is gone afterwards."""
    with States() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
