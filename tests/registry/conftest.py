"""The registries that the tests run against: a folder, and Debian's docker-registry on loopback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tasks.registry import LayoutRegistry, Registry
from tasks.registry.http import HttpRegistry

_SETTINGS = """\
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:0"}}
{more}
"""


def without(program: str) -> NoReturn:
    """Leave a test out where a program is missing; in CI that is a failure."""
    message = f"{program} is not on PATH (apt-get install {program})"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


class Served:
    """A docker-registry while it runs."""

    def __init__(self, folder: Path, more: str = "") -> None:
        if shutil.which("docker-registry") is None:
            without("docker-registry")
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "registry.yml"
        settings.write_text(_SETTINGS.format(folder=folder / "data", more=more))
        self.process = subprocess.Popen(
            ["docker-registry", "serve", str(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"listening on (127\.0\.0\.1:[0-9]+)", line):
                self.host = found[1]
                break
        else:
            pytest.fail("docker-registry did not start")
        # Read on, or the registry stops when the pipe is full.
        self.reader = subprocess.Popen(
            ["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL
        )
        self.process.stdout.close()

    def stop(self) -> None:
        for process in (self.process, self.reader):
            process.terminate()
            process.wait()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a docker-registry that anybody may use."""
    registry = Served(tmp_path_factory.mktemp("docker-registry"))
    yield registry.host
    registry.stop()


@pytest.fixture(params=["layout", "http"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    """An empty place in each kind of registry."""
    if request.param == "layout":
        return LayoutRegistry(tmp_path / "registry")
    host = request.getfixturevalue("served")
    place = re.sub(r"[^a-z0-9]+", "-", tmp_path.name.lower()).strip("-")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "w0")
    return HttpRegistry(f"http://{host}/{worker}/{place}", environ={})
