"""The HTTP of the API server: one path, one verb, one answer; anything else fails the test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from . import kinds, wire
from .kinds import KINDS, Kind
from .store import Key, Object, Refused, Store, chosen

_KNOWN = {
    *("labelSelector", "fieldSelector", "limit", "resourceVersion", "resourceVersionMatch"),
    *("watch", "timeoutSeconds", "timeout", "allowWatchBookmarks", "sendInitialEvents"),
    *("fieldManager", "fieldValidation", "force", "dryRun", "tailLines", "previous", "container"),
}
_USUAL = ("NotFound", "AlreadyExists", "Conflict", "ContainerWaiting")
_LONGEST = 60.0  # seconds of a watch


class Server(ThreadingHTTPServer):
    """The API server.

    Attributes:
        unexpected: what was asked that nobody has taught it.
        asked: every request, for tests to look at.
    """

    daemon_threads = True

    def __init__(
        self,
        store: Store,
        logs: Callable[[Key, Mapping[str, str]], bytes],
        ways: Callable[[str, str, str], int | None],
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.logs = logs
        self.ways = ways
        self.unexpected: list[str] = []
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else b""
        try:
            told, query = urlsplit(self.path), dict(parse_qsl(urlsplit(self.path).query))
            if unknown := set(query) - _KNOWN:
                raise Refused(400, "BadRequest", f"nobody knows the parameter {min(unknown)}")
            parts = told.path.strip("/").split("/")
            found = _described(told.path) if self.command == "GET" else None
            if parts[0] == "ways":
                self._way(*parts[1:])
            elif found is not None:
                self._send(200, found)
            else:
                self._objects(parts, query, body)
        except Refused as error:
            if error.reason not in _USUAL:
                self.server.unexpected.append(f"{self.command} {self.path}: {error}")
            about = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
            more = {"reason": error.reason, "message": str(error), "code": error.code}
            self._send(error.code, about | more)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _objects(self, parts: list[str], query: dict[str, str], body: bytes) -> None:
        kind, namespace, name, sub = _taken_apart(parts, self.path)
        key = (kind.resource, namespace, name)
        store = self.server.store
        if "dryRun" in query and self.command != "PATCH":
            raise Refused(400, "NotServed", "only an apply may be tried here")
        match self.command, bool(name), sub:
            case "GET", True, "log" if kind.resource == "pods":
                store.get(key)
                self._text(self.server.logs(key, query))
            case "GET", True, "":
                self._send(200, store.get(key))
            case "GET", False, "" if query.get("watch") in ("true", "1"):
                self._watch(kind, namespace, query)
            case "GET", False, "":
                self._send(200, _listed(store, kind, namespace, query))
            case "POST", False, "":
                self._send(201, store.create(kind, namespace, self._told(body)))
            case "PUT", True, "":
                self._send(200, store.update(kind, namespace, self._told(body)))
            case "PATCH", True, "":
                self._patch(kind, key, query, body)
            case "DELETE", True, "":
                self._send(200, _deleted(store, key))
            case _:
                raise Refused(405, "NotServed", f"nobody has taught {self.command} {self.path}")

    def _told(self, body: bytes) -> Object:
        form = self.headers.get("Content-Type", "").partition(";")[0]
        try:
            if form == wire.FORM:
                return wire.read(body)
            if form == "application/json":
                told: Object = json.loads(body)
                return told
        except (ValueError, KeyError) as error:
            raise Refused(400, "BadRequest", str(error)) from None
        raise Refused(415, "NotServed", f"a body of the form {form} is not known here")

    def _patch(self, kind: Kind, key: Key, query: dict[str, str], body: bytes) -> None:
        form = self.headers.get("Content-Type", "")
        if form != "application/apply-patch+yaml":
            raise Refused(415, "NotServed", f"a patch of the form {form} is not known here")
        if not query.get("fieldManager"):
            raise Refused(400, "BadRequest", "an apply needs its fieldManager")
        told: Object = json.loads(body)  # clients write the YAML that it is called in JSON
        if told.get("metadata", {}).get("name") != key[2]:
            raise Refused(400, "BadRequest", "the name of the object does not match")
        how = {"force": query.get("force") == "true", "dry": query.get("dryRun") == "All"}
        done, new = self.server.store.apply(kind, key[1], told, query["fieldManager"], **how)
        self._send(201 if new else 200, done)

    def _watch(self, kind: Kind, namespace: str, query: dict[str, str]) -> None:
        store = self.server.store
        labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
        after = int(query.get("resourceVersion") or 0)
        first: list[Object] = []
        with store.changed:
            if query.get("sendInitialEvents") == "true" or after == 0:
                first, after = (
                    chosen(store.all(kind.resource, namespace), labels, fields),
                    store.number,
                )
        self._start_stream()
        for one in first:
            self._event("ADDED", one)
        if query.get("sendInitialEvents") == "true":
            about = {
                "resourceVersion": str(after),
                "annotations": {"k8s.io/initial-events-end": "true"},
            }
            self._event(
                "BOOKMARK", {"kind": kind.kind, "apiVersion": kind.version, "metadata": about}
            )
        until = time.monotonic() + min(float(query.get("timeoutSeconds") or _LONGEST), _LONGEST)
        for _, what, _, told in store.watch(kind.resource, namespace, after, until):
            if chosen([told], labels, fields):
                self._event(what, told)
        self._chunk(b"")

    def _way(self, namespace: str, service: str, port: str) -> None:
        """Tell the played port-forward where a service is; see `cluster`."""
        at = self.server.ways(namespace, service, port)
        if at is None:
            raise Refused(404, "NotFound", f'services "{service}" not found')
        self._text(str(at).encode())

    def _start_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _event(self, what: str, told: Object) -> None:
        self._chunk(json.dumps({"type": what, "object": told}).encode() + b"\n")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def _text(self, content: bytes) -> None:
        self._plain(200, "text/plain", content)

    def _send(self, code: int, told: Object) -> None:
        self._plain(code, "application/json", json.dumps(told).encode())

    def _plain(self, code: int, form: str, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", form)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _described(path: str) -> Object | None:
    """Return what the API server says of itself under a path; None where it keeps objects."""
    groups = []
    for version in sorted({o.version for o in KINDS.values() if o.group}):
        told_as = {"groupVersion": version, "version": "v1"}
        name = version.partition("/")[0]
        groups.append({"name": name, "versions": [told_as], "preferredVersion": told_as})
    schemas = {
        root.strip("/"): {"serverRelativeURL": f"/openapi/v3{root}"} for root in kinds.GROUPS
    }
    told: dict[str, Object] = {
        "/version": kinds.VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
        "/openapi/v3": {"paths": schemas},
    }
    for root in kinds.GROUPS:
        told[root] = kinds.resources(root)
        told[f"/openapi/v3{root}"] = kinds.openapi(root)
    return told.get(path)


def _taken_apart(parts: list[str], path: str) -> tuple[Kind, str, str, str]:
    """Return kind, namespace, name and subresource of a path."""
    rest = parts[2:] if parts[:2] == ["api", "v1"] else parts[3:]
    root = "/" + "/".join(parts[: len(parts) - len(rest)])
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    kind = KINDS.get(rest[0]) if rest else None
    if kind is None or kind.root != root or len(rest) > 3:
        raise Refused(404, "NotServed", f"nobody has taught {path}")
    return kind, namespace, *(*rest[1:], "", "")[:2]  # type: ignore[return-value]


def _listed(store: Store, kind: Kind, namespace: str, query: dict[str, str]) -> Object:
    with store.changed:
        found = store.all(kind.resource, namespace)
        about = {"resourceVersion": str(store.number)}
    found = chosen(found, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    told = {"kind": f"{kind.kind}List", "apiVersion": kind.version, "metadata": about}
    return told | {"items": [{"kind": kind.kind, "apiVersion": kind.version} | o for o in found]}


def _deleted(store: Store, key: Key) -> Object:
    if key[0] in ("namespaces", "pods"):
        return store.mark(key)
    return store.remove(key)
