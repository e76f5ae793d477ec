"""A place to deploy in, seeded once a worker and copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import leftovers
from tests.deploy.place import Place, helm_folder
from tests.needs import need
from tests.promotion.line import Remote


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    need("terraform")
    folder = helm_folder()
    if folder is None:
        need("helm")
    else:
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLIPWAY_BY", "tester@here")
    found = Place(tmp_path / "tree", Remote(tmp_path / "deployments.git"))
    found.seed_deployments()
    yield found
    found.cluster.sweep("")
    shutil.rmtree(tmp_path / "tree", ignore_errors=True)
    assert leftovers(tmp_path) == []
