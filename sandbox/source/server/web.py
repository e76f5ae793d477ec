"""The HTTP side: every path that is answered, and a server that stops when it is told to."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from . import book
from .answers import to_json
from .periods import PERIODS
from .queries import BadQuery, plan_of
from .stamp import stamp

Query = Mapping[str, str]


def _healthz(_query: Query) -> object:
    now = stamp()
    return {"status": "ok", "version": now.version, "commit": now.commit}


def _version(_query: Query) -> object:
    return stamp()


def _schedule(query: Query) -> object:
    return plan_of(query, date.today())


def _periods(_query: Query) -> object:
    return list(PERIODS)


def _loans(_query: Query) -> object:
    return [loan.summary() for loan in book.loans()]


def _ledger(_query: Query) -> object:
    return book.ledger().trial_balance()


ROUTES: dict[str, Callable[[Query], object]] = {
    "/healthz": _healthz,
    "/version": _version,
    "/api/schedule": _schedule,
    "/api/periods": _periods,
    "/api/loans": _loans,
    "/api/ledger": _ledger,
}


class Handler(BaseHTTPRequestHandler):
    """Answers one request from `ROUTES`, always with JSON."""

    timeout = 10  # seconds a silent client may hold a connection

    def do_GET(self) -> None:
        """Answer a GET request."""
        address = urlsplit(self.path)
        route = ROUTES.get(address.path)
        if route is None:
            self._send(404, {"error": f"nothing is at {address.path}"})
            return
        try:
            self._send(200, route(dict(parse_qsl(address.query))))
        except BadQuery as error:
            self._send(400, {"error": str(error)})

    def _send(self, status: int, value: object) -> None:
        body = to_json(value)
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """One thread a request; the end waits for the requests that are being answered."""

    daemon_threads = False


def serve() -> None:
    """Serve at HOST and PORT (0 takes a free one) until SIGTERM or SIGINT."""
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 5253)
    with Server((host, port), Handler) as server:
        for sign in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for the loop that this very thread runs, hence a thread of its own.
            signal.signal(sign, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"lana-bank {stamp().version} at http://{host}:{server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.05)
    print("lana-bank has stopped", file=sys.stderr)
