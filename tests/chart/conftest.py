"""The line that charts travel, and Helm for what needs it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tasks.kernel import paths
from tasks.kernel.tools import look
from tests.chart.line import Line
from tests.project import ROOT
from tests.sandboxed import sandboxed, shelf

__all__ = ["sandboxed", "shelf"]


@pytest.fixture(scope="session")
def stations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Hold what was made so far: name of the station → folder; each is made once a worker."""
    return {"": tmp_path_factory.mktemp("lines")}


@pytest.fixture
def line(stations: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Everything outside as it is at first: nothing published, an older chart."""
    if "first" not in stations:
        made = Line(stations[""] / "first")
        stations["first"] = made.folder
    line = Line.like(stations["first"], tmp_path / "line")
    monkeypatch.setattr(paths, "ROOT", line.folder)
    return line


@pytest.fixture
def ready(
    line: Line, stations: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Line:
    """A release is in the chart, and the values are rendered."""
    if "ready" not in stations:
        line.publish("0.2.0")
        line.take_in()
        line.look_at_deployments()
        line.render()
        stations["ready"] = Path(
            shutil.copytree(line.folder, stations[""] / "ready", symlinks=True)
        )
    ready = Line.like(stations["ready"], tmp_path / "ready")
    monkeypatch.setattr(paths, "ROOT", ready.folder)
    return ready


@pytest.fixture(scope="session")
def helm() -> Path:
    """Return Helm; without it a test is skipped, but never under CI."""
    found = [seen.path for seen in look("helm", ROOT) if seen.fits]
    if found:
        return found[0]
    reason = "Helm is not here (python -m tasks.kernel.tools fetch helm)"
    if os.environ.get("CI", "").lower() in {"", "0", "false"}:
        pytest.skip(reason)
    pytest.fail(reason + ", and CI may not skip what it is there for", pytrace=False)
