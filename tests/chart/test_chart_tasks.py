"""Which tasks the room declares, for which pipeline."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from tasks.chart import tasks
from tasks.kernel import paths
from tasks.kernel.config import load
from tests.chart.line import SETTINGS
from tests.project import PIPELINE

PLACES = ("staging", "production", "testflight")


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function from settings to the tasks: name → task."""

    def make(settings: str) -> dict[str, dict[str, Any]]:
        file = tmp_path / "pipeline.yml"
        file.write_text(PIPELINE.replace("environments: {}\n", settings))
        config = load(file)
        monkeypatch.setattr(tasks, "pipeline", lambda: config)
        return {task["basename"]: task for task in [*tasks.task_charts(), *tasks.task_chart()]}

    return make


def test_the_line_of_the_chart_hangs_together(declared: Any) -> None:
    found = declared(SETTINGS)
    renders = [f"chart:render:{name}" for name in PLACES]
    each_values = [f"chart:values:{name}" for name in PLACES]
    diffs = ["chart:diff:staging", "chart:diff:production"]
    assert list(found) == [
        *("charts", "chart:candidate", "chart:bump", "chart:merge"),
        *("chart:package", *each_values, "chart:values", "chart:lint"),
        *renders, *diffs,
    ]  # fmt: skip
    made = {target: name for name, task in found.items() for target in task.get("targets", ())}
    reads = {
        name: {made[path] for path in task.get("file_dep", ()) if path in made}
        for name, task in found.items()
    }
    assert reads["chart:merge"] == {"chart:bump"}
    assert reads["chart:package"] == {"chart:merge"}
    for name in diffs:
        assert "file_dep" not in found[name], "a question must not bring a release into the chart"
    assert reads["chart:lint"] == {"chart:merge", *each_values}
    for name in PLACES:
        assert reads[f"chart:render:{name}"] == {"chart:merge", f"chart:values:{name}"}
    assert paths.receipt("publish") in found["chart:bump"]["file_dep"]
    for name in PLACES:
        values = found[f"chart:values:{name}"]
        assert "templates/chart/values.yaml.j2" in values["file_dep"]
        own = [path for path in values["file_dep"] if path.startswith("build/deployments/")]
        assert own == [paths.environment_values(name)], "what is wrong elsewhere holds it up"
        assert values["task_dep"] == ["deployments"], "nor does it wait for another place"
    assert found["chart:values"]["task_dep"] == each_values
    assert found["chart:values"]["actions"] is None
    assert found["chart:bump"]["task_dep"] == found["chart:merge"]["task_dep"] == ["charts"]


def test_every_task_can_go_to_another_process(declared: Any) -> None:
    for task in declared(SETTINGS).values():
        pickle.dumps([task[key] for key in ("actions", "uptodate", "meta") if key in task])


def test_without_a_chart_there_is_nothing_to_do_with_one(declared: Any) -> None:
    assert declared("environments: {staging: {}}\n") == {}


def test_without_environments_a_release_still_gets_into_the_chart(declared: Any) -> None:
    chart = "environments: {}\n" + SETTINGS[SETTINGS.index("chart:") :]
    assert list(declared(chart)) == [
        *("charts", "chart:candidate", "chart:bump", "chart:merge", "chart:package")
    ]


def test_without_a_testflight_only_environments_are_rendered(declared: Any) -> None:
    found = declared(SETTINGS.replace("testflight: {}\n", "").replace(
        "deployments: {vendored: modules/shop/vendor/shop/chart}\n", ""
    ))  # fmt: skip
    assert [name for name in found if name.startswith("chart:render")] == [
        "chart:render:staging",
        "chart:render:production",
    ]


def test_without_a_word_for_candidates_none_is_shown(declared: Any) -> None:
    found = declared(SETTINGS + "  candidate: false\n")
    assert "chart:candidate" not in found
