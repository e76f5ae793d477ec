"""A strict GitHub on loopback: over a real bare repository, it refuses what GitHub refuses.

Only what the real API has is answered. A path, a query or a field that GitHub does not know is
noted in `strange`, besides being refused, and a test that left something there has failed. All it
knows stands in a folder, so that a copy of the folder is a copy of this GitHub.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.forge.fake_github_repository import Answer, FakeRepository, Refused
from tests.forge.fake_github_routes import ROUTES, Call

TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
LIMIT = 5000


@dataclass
class Trouble:
    """What happens to the next request that fits.

    Attributes:
        kind: "reply" answers instead of doing it; "lost" does it and breaks the connection off;
            "cut" breaks it off before.
        times: how often.
    """

    method: str
    path: str
    kind: str
    status: int = 503
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


class FakeGithub:
    """Serves while the `with` block does."""

    def __init__(self, folder: Path, source: Path, name: str = "shop/shop") -> None:
        self.name = name
        self.repository = FakeRepository(folder, source, name)
        self.tokens = {TOKEN}
        self.asked: list[str] = []
        self.strange: list[str] = []
        self.troubles: list[Trouble] = []
        self.largest_page = 100
        self.renamed_from = ""
        self.app_key: Path | None = None  # the public half of an app's key
        self.app_id = "4711"
        self.installed = True
        self.granted = {"contents": "write", "pull_requests": "write", "metadata": "read"}
        self.lock = threading.Lock()
        self.given = 0
        handler = type("Bound", (_Handler,), {"github": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def use(self, folder: Path, source: Path) -> None:
        """Go on with what stands in another folder, over another repository."""
        with self.lock:
            self.repository = FakeRepository(folder, source, self.name)
            self.repository.at(self.port)

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.server.server_port)

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.port}"

    def trouble(self, method: str, path: str, kind: str, **more: Any) -> None:
        """Have something happen to the next request whose path holds this pattern."""
        self.troubles.append(Trouble(method, path, kind, **more))

    def count(self, line: str) -> int:
        """Return how often something was asked ("POST /repos/shop/shop/pulls")."""
        return sum(re.fullmatch(line, asked) is not None for asked in self.asked)

    def __enter__(self) -> FakeGithub:
        self.repository.at(self.port)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # one request

    def answer(self, call: Call) -> Answer:
        """Answer a request as GitHub would."""
        try:
            self._refuse_unknown(call)
            if call.path.startswith("/storage/"):
                return self.repository.stored(call)
            if call.path.startswith("/app/") or call.path.endswith("/installation"):
                return self._as_app(call)
            if call.token not in self.tokens:
                raise Refused(401, "Bad credentials")
            if self.renamed_from and call.path == f"/repos/{self.renamed_from}":
                return Answer(301, {"message": "Moved"}, {"Location": f"{self.url}/repositories/1"})
            return self._routed(call)
        except Refused as refused:
            body: dict[str, Any] = {"message": refused.message, "status": str(refused.status)}
            body["documentation_url"] = "https://docs.github.com/rest"
            if refused.errors:
                body["errors"] = refused.errors
            return Answer(refused.status, body)

    def _routed(self, call: Call) -> Answer:
        place = f"/repos/{self.name}"
        path = "/REPO" if call.path == "/repositories/1" else call.path.replace(place, "/REPO", 1)
        fits = [(route, found) for route in ROUTES if (found := re.fullmatch(route.path, path))]
        for route, found in fits:
            if route.method != call.method:
                continue
            parts = [unquote(part) for part in found.groups()]
            self._refuse_shape(route.query, route.body, call)
            self.repository.settle()
            answer = route.act(self.repository, call, *parts)
            self.repository.save()
            return self._paged(call, answer, route.pages) if route.pages else answer
        if not path.startswith("/REPO") and path.startswith("/repos/"):
            raise Refused(404, "Not Found")  # another repository, which this token cannot see
        self.strange.append(f"no endpoint: {call.method} {call.path}")
        raise Refused(404, "Not Found")

    def _refuse_unknown(self, call: Call) -> None:
        if call.path.startswith("/storage/"):
            if "authorization" in call.headers:
                self.strange.append("the token was sent to the storage")
                raise Refused(400, "Only one auth mechanism allowed")
            return
        if not call.headers.get("user-agent"):
            raise Refused(403, "Request forbidden by administrative rules")
        if call.headers.get("x-github-api-version") != "2022-11-28":
            self.strange.append("no X-GitHub-Api-Version")
        kinds = {"application/vnd.github+json"}
        if re.search(r"/releases/assets/\d+$", call.path):
            kinds.add("application/octet-stream")
        if call.headers.get("accept") not in kinds:
            self.strange.append(f"Accept: {call.headers.get('accept')} for {call.path}")

    def _refuse_shape(
        self, query: frozenset[str], body: Mapping[str, tuple[type, bool]] | None, call: Call
    ) -> None:
        unknown = set(call.query) - query
        if unknown:
            self.strange.append(f"{call.method} {call.path}: unknown query {sorted(unknown)}")
            raise Refused(422, "Validation Failed")
        if body is None:
            if call.content and "/uploads/" not in call.path:
                self.strange.append(f"{call.method} {call.path}: an unexpected body")
            return
        told = call.body
        for name, value in told.items():
            if name not in body or not isinstance(value, body[name][0]):
                self.strange.append(f"{call.method} {call.path}: {name}={value!r}")
                raise Refused(422, f'Invalid request.\n\n"{name}" is not a permitted key.')
        for name, (_, needed) in body.items():
            if needed and name not in told:
                self.strange.append(f"{call.method} {call.path}: no {name}")
                raise Refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')

    def _paged(self, call: Call, answer: Answer, key: str) -> Answer:
        size = min(int(call.query.get("per_page", "30")), 100, self.largest_page)
        page = int(call.query.get("page", "1"))
        body = answer.body
        items = body if key == "[]" else body[key]
        part = items[(page - 1) * size : page * size]
        links = []
        if page * size < len(items):
            query = urlencode({**call.query, "page": page + 1})
            links.append(f'<{self.url}{call.path}?{query}>; rel="next"')
        if page > 1:
            query = urlencode({**call.query, "page": page - 1})
            links.insert(0, f'<{self.url}{call.path}?{query}>; rel="prev"')
        headers = {"Link": ", ".join(links)} if links else {}
        return Answer(answer.status, part if key == "[]" else {**body, key: part}, headers)

    def _as_app(self, call: Call) -> Answer:
        from tests.forge.fake_github_app import verified

        if self.app_key is None or not verified(call.token, self.app_id, self.app_key):
            raise Refused(401, "A JSON web token could not be decoded")
        if call.path == f"/repos/{self.name}/installation" and call.method == "GET":
            if not self.installed:
                raise Refused(404, "Not Found")
            return Answer(200, {"id": 99, "app_id": int(self.app_id)})
        if call.path == "/app/installations/99/access_tokens" and call.method == "POST":
            owned = self.name.partition("/")[2]
            if call.body.get("repositories") != [owned] or set(call.body) - {"repositories"}:
                self.strange.append(f"{call.path}: {call.body}")
            self.given += 1
            token = f"ghs_installation{self.given:020d}"
            self.tokens.add(token)
            until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            return Answer(
                201, {"token": token, "expires_at": until, "permissions": dict(self.granted)}
            )
        self.strange.append(f"no endpoint for an app: {call.method} {call.path}")
        raise Refused(404, "Not Found")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every answer waits for 40 ms
    github: FakeGithub

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), headers, content)
        github = self.github
        with github.lock:
            github.asked.append(f"{call.method} {call.path}")
            trouble = _fitting(github, call)
            if trouble and trouble.kind == "reply":
                told = {"message": trouble.message or "trouble"}
                answer = Answer(trouble.status, told, dict(trouble.headers))
            elif trouble and trouble.kind == "cut":
                self.close_connection = True
                return
            else:
                answer = github.answer(call)
            if trouble and trouble.kind == "lost":
                self.close_connection = True
                return
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        body = b"" if answer.status == 204 else body
        self.send_response(answer.status)
        limits = {
            "x-ratelimit-limit": str(LIMIT),
            "x-ratelimit-remaining": str(max(1, LIMIT - len(github.asked))),
            "x-ratelimit-reset": str(int(time.time()) + 1800),
            "X-GitHub-Request-Id": "C0DE:1",
        }
        for name, value in {**limits, **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _fitting(github: FakeGithub, call: Call) -> Trouble | None:
    for trouble in github.troubles:
        if trouble.method == call.method and re.search(trouble.path, call.path):
            trouble.times -= 1
            if not trouble.times:
                github.troubles.remove(trouble)
            return trouble
    return None


@contextmanager
def served(folder: Path, source: Path) -> Iterator[FakeGithub]:
    """Serve a GitHub; when it ends, nothing may have been asked that GitHub does not have."""
    with FakeGithub(folder, source) as github:
        yield github
        assert github.strange == []
