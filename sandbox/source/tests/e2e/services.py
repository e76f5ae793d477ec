"""Start services from the checkout on free ports, and stop them again whatever happens."""

import json
import os
import queue
import subprocess
import sys
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = {"VERSION": "9.8.7", "COMMITHASH": "0123456789abcdef0123456789abcdef01234567"}
PATIENCE = 20  # seconds for a service to start, to answer, to stop


class Service:
    """A running service; `url` is where it said it listens."""

    def __init__(self, *command: str, **env: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**kept, **STAMP, "PORT": "0", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = self._first_line().rpartition(" ")[2].strip()
        if not self.url.startswith("http://"):
            self.stop()
            raise AssertionError(f"{' '.join(command)} did not start")

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        reader = self.process.stdout.readline
        threading.Thread(target=lambda: lines.put(reader()), daemon=True).start()
        try:
            return lines.get(timeout=PATIENCE)
        except queue.Empty:
            return ""

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of the answer to `path`."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    def json(self, path: str) -> object:
        """Return the value at `path`, which must be there."""
        status, text = self.get(path)
        if status != 200:
            raise AssertionError(f"{self.url}{path} answered {status}: {text}")
        return json.loads(text)

    def stop(self) -> int:
        """Ask the service to end, make it end, and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


class EndToEnd(unittest.TestCase):
    """A test that starts services; they are gone when it ends."""

    def start(self, *command: str, **env: str) -> Service:
        """Start a service for the rest of this test."""
        service = Service(*command, **env)
        self.addCleanup(service.stop)
        return service

    def assert_healthy(self, service: Service, version: str) -> None:
        """Check what `/healthz` tells."""
        health = {"status": "ok", "version": version, "commit": STAMP["COMMITHASH"]}
        self.assertEqual(service.json("/healthz"), health)

    def app_version(self, app: str) -> str:
        """Return the version that stands in an app's `.env`."""
        text = (ROOT / "apps" / app / ".env").read_text()
        return text.strip().removeprefix("NEXT_PUBLIC_APP_VERSION=")
