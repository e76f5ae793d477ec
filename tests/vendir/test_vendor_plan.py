"""The task `vendor` in a plan and in the graph, and what others may ask of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import paths, remotes
from tasks.kernel.config import load
from tasks.kernel.effects import foresee
from tasks.kernel.world import UNKNOWN, Forecast
from tasks.promotion import head
from tasks.vendir import revision, tasks, vendor, vendored_ref
from tests.vendir.line import FOLDER, PIPELINE, VENDIR, Line


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    # It remembers a room's files; those of this folder are nobody else's.
    monkeypatch.setattr(paths, "room_sources", paths.room_sources.__wrapped__)
    return Line(tmp_path)


def test_a_plan_makes_the_commit_and_pushes_nothing(line: Line, tmp_path: Path) -> None:
    remotes.mirror(
        line.world,
        "charts",
        str(tmp_path / "world/charts.git"),
        remotes.ls(str(tmp_path / "world/charts.git")),
    )
    line.fly(line.first)
    plan = Forecast(line.world, tmp_path / "scratch")
    before = line.head
    told = foresee(vendor.EFFECT, plan)
    assert told.port == "deployments"
    assert told.means == f"vendor bank chart 1.0.0 ({line.first[:7]})"
    assert line.head == before == head.head_of(line.world).commit
    foreseen = head.head_of(plan).commit
    line.vendor()
    assert line.head == foreseen


def test_a_plan_passes_on_what_only_the_run_can_know(line: Line, tmp_path: Path) -> None:
    line.fly(UNKNOWN, UNKNOWN)
    plan = Forecast(line.world, tmp_path / "scratch")
    assert foresee(vendor.EFFECT, plan).port == "deployments"
    assert head.head_of(plan).commit == UNKNOWN
    assert plan.json(paths.receipt("vendor"))["claims"] == {"deployments": {"vendored": UNKNOWN}}


def test_the_reference_of_a_content() -> None:
    assert vendored_ref(VENDIR.encode(), FOLDER) == "origin/main"
    assert vendored_ref(VENDIR.encode(), "vendor/bank/other") == ""
    manual = VENDIR.replace("git:", "manual: {}\n        unknown:")
    assert vendored_ref(manual.encode(), FOLDER) == ""


def test_a_configuration_in_a_folder_has_its_lock_and_its_chart_beside_it() -> None:
    spot = revision.Spot("envs/vendir.yml", "vendor/bank/chart")
    assert (spot.lock, spot.folder) == ("envs/vendir.lock.yml", "envs/vendor/bank/chart")


def test_the_task_is_there_when_a_chart_is_vendored(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "pipeline", lambda: line.world.config)
    [task] = tasks.task_vendor()
    assert task["targets"] == [paths.receipt("vendor")]
    assert {paths.TESTFLIGHT, paths.CHART} <= set(task["file_dep"])
    assert task["task_dep"] == ["deployments"]
    assert task["meta"]["effect"]
    text = PIPELINE.replace("vendored: vendor/bank/chart", "").replace(
        "testflight: {root: testflight}", ""
    )
    (line.folder / "pipeline.yml").write_text(text)
    config = load(line.folder / "pipeline.yml")
    monkeypatch.setattr(tasks, "pipeline", lambda: config)
    assert list(tasks.task_vendor()) == []
