#!/usr/bin/env python3
"""The admin panel: the bank's loan book as a page for those who work there.

It reads its version from `.env` beside this file and the loans from the server at LANA_BANK_URL.
An image holds one app and nothing else, so the small web server below stands in each of them.
"""

import html
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
NAME = "admin-panel"
PORT = 3000
COLUMNS = ("number", "customer", "product", "principal", "owed", "paid", "instalments")


def version() -> str:
    """Return NEXT_PUBLIC_APP_VERSION from the file `.env`."""
    for line in (HERE / ".env").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "NEXT_PUBLIC_APP_VERSION":
            return value.strip().strip("\"'")
    return "dev"


def commit() -> str:
    """Return the commit that this was built from."""
    return os.environ.get("COMMITHASH") or "unknown"


def page(loans: Sequence[Mapping[str, object]] | None) -> str:
    """Return the page for `loans`; None when the server does not answer."""
    template = Template((HERE / "page.html").read_text())
    return template.substitute(
        version=html.escape(version()), commit=html.escape(commit()[:7]), book=_book(loans)
    )


def _book(loans: Sequence[Mapping[str, object]] | None) -> str:
    if loans is None:
        return '<p class="empty">The server does not answer; no loans to show.</p>'
    rows = [
        "<tr>" + "".join(f"<td>{html.escape(str(loan.get(c, '')))}</td>" for c in COLUMNS) + "</tr>"
        for loan in loans
    ]
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def loans_of(server: str) -> Sequence[Mapping[str, object]] | None:
    """Return the loans that the server at that address knows, None when it does not answer."""
    if not server.startswith(("http://", "https://")):
        return None
    try:
        with urllib.request.urlopen(f"{server}/api/loans", timeout=5) as answer:
            loans = json.load(answer)
    except (OSError, ValueError):
        return None
    return loans if isinstance(loans, list) else None


class Handler(BaseHTTPRequestHandler):
    """Answers `/` with the page and `/healthz` with version and commit."""

    timeout = 10  # seconds a silent client may hold a connection

    def do_GET(self) -> None:
        """Answer a GET request."""
        path = urlsplit(self.path).path
        if path == "/healthz":
            health = {"status": "ok", "version": version(), "commit": commit()}
            self._send(200, "application/json", json.dumps(health))
        elif path == "/":
            self._send(200, "text/html", page(loans_of(os.environ.get("LANA_BANK_URL", ""))))
        else:
            self._send(404, "text/plain", "There is no such page.\n")

    def _send(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """One thread a request; the end waits for the requests that are being answered."""

    daemon_threads = False


def main() -> None:
    """Serve at HOST and PORT (0 takes a free one) until SIGTERM or SIGINT."""
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or PORT)
    with Server((host, port), Handler) as server:
        for sign in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for the loop that this very thread runs, hence a thread of its own.
            signal.signal(sign, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"{NAME} {version()} at http://{host}:{server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
