#!/usr/bin/env python3
"""The code location of the data warehouse: lists its assets and computes them when asked."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from assets import ASSETS
from graph import materialize

HERE = Path(__file__).resolve().parent
NAME = "lana-dw"
PORT = 4000


def version() -> str:
    """Return the version that stands in the image, else what the environment says."""
    try:
        return (HERE / "VERSION").read_text().strip()
    except FileNotFoundError:
        return os.environ.get("VERSION") or "dev"


def commit() -> str:
    """Return the commit that this was built from."""
    return os.environ.get("COMMITHASH") or "unknown"


def answer(path: str) -> tuple[int, object]:
    """Return the status and the value for a path."""
    if path == "/healthz":
        return 200, {"status": "ok", "version": version(), "commit": commit()}
    if path == "/assets":
        return 200, {asset.name: list(asset.needs) for asset in ASSETS.values()}
    folder, _, name = path.rpartition("/")
    if folder != "/assets" or name not in ASSETS:
        return 404, {"error": f"nothing is at {path}"}
    try:
        return 200, {"asset": name, "value": materialize(ASSETS, name)}
    except (OSError, ValueError) as error:
        return 502, {"error": f"{name}: {error}"}


class Handler(BaseHTTPRequestHandler):
    """Answers with JSON."""

    timeout = 10  # seconds a silent client may hold a connection

    def do_GET(self) -> None:
        """Answer a GET request."""
        status, value = answer(urlsplit(self.path).path)
        body = json.dumps(value, indent=2).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
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
