#!/usr/bin/env python3
"""The customer portal: a page on which a customer works out what a loan would cost.

It reads its version from `.env` beside this file and asks the server at LANA_BANK_URL for plans.
An image holds one app and nothing else, so the small web server below stands in each of them.
"""

import html
import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit

HERE = Path(__file__).resolve().parent
NAME = "customer-portal"
PORT = 3001
FIELDS = {"principal": "10000.00", "rate": "5", "instalments": "12", "period": "monthly"}
COLUMNS = ("number", "due", "payment", "interest", "balance")


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


def page(server: str, query: Mapping[str, str]) -> str:
    """Return the page with the customer's figures, and the plan once there are some."""
    fields = {name: query.get(name, default) for name, default in FIELDS.items()}
    periods = ask(server, "/api/periods")
    if not isinstance(periods, list):
        periods, plan = [fields["period"]], "<p>The calculator is closed for the moment.</p>"
    else:
        plan = _plan(ask(server, f"/api/schedule?{urlencode(fields)}")) if query else ""
    template = Template((HERE / "page.html").read_text())
    return template.substitute(
        {name: html.escape(value) for name, value in fields.items()},
        periods="".join(_option(str(name), fields["period"]) for name in periods),
        plan=plan,
        version=html.escape(version()),
        commit=html.escape(commit()[:7]),
    )


def _option(name: str, chosen: str) -> str:
    return f"<option{' selected' if name == chosen else ''}>{html.escape(name)}</option>"


def _plan(answer: object) -> str:
    if isinstance(answer, Mapping) and "error" in answer:
        return f'<p class="error">{html.escape(str(answer["error"]))}</p>'
    if not isinstance(answer, list):
        return "<p>The calculator is closed for the moment.</p>"
    rows = [
        "<tr>" + "".join(f"<td>{html.escape(str(line[c]))}</td>" for c in COLUMNS) + "</tr>"
        for line in answer
    ]
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def ask(server: str, path: str) -> object:
    """Return the server's answer to `path`, its refusals too; None when there is no answer."""
    if not server.startswith(("http://", "https://")):
        return None
    try:
        with urllib.request.urlopen(server + path, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.load(refusal) if refusal.code == 400 else None
    except (OSError, ValueError):
        return None


class Handler(BaseHTTPRequestHandler):
    """Answers `/` with the page and `/healthz` with version and commit."""

    timeout = 10  # seconds a silent client may hold a connection

    def do_GET(self) -> None:
        """Answer a GET request."""
        address = urlsplit(self.path)
        if address.path == "/healthz":
            health = {"status": "ok", "version": version(), "commit": commit()}
            self._send(200, "application/json", json.dumps(health))
        elif address.path == "/":
            query = dict(parse_qsl(address.query))
            self._send(200, "text/html", page(os.environ.get("LANA_BANK_URL", ""), query))
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
