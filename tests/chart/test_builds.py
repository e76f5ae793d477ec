"""A chart whose images are not of one build goes nowhere, whoever put them there."""

from __future__ import annotations

import re

import pytest

from tasks.chart import looks, merge
from tasks.kernel import paths
from tasks.kernel.effects import foresee
from tasks.kernel.errors import Failed
from tasks.kernel.world import Forecast
from tasks.registry import LayoutRegistry
from tests.chart.line import Line

BINARY = "slipway.binary.sha256"
FOREIGN = "sha256:" + "f" * 64
WHERE = "charts/shop/values.yaml"


def _write(line: Line, text: str, app_version: str = "") -> str:
    """Have a person push the chart's values, perhaps as another version."""
    about = line.charts.file("main", "charts/shop/Chart.yaml")
    if app_version:
        about = re.sub("appVersion: .*", f"appVersion: {app_version}", about)
    files = {WHERE: text, "charts/shop/Chart.yaml": about}
    commit = line.charts.push("by hand", files)
    line.observe()
    return commit


def _bare(text: str) -> str:
    """Return values without a breadcrumb."""
    return re.sub(" # METADATA.*", "", text)


def _merge_refuses(line: Line) -> str:
    before = line.inside.read(paths.CHART)
    with pytest.raises(Failed, match="not those of one release") as error:
        line.merge()
    assert line.inside.read(paths.CHART) == before, "nothing goes on from it"
    assert f"charts@{line.charts.head[:7]}:charts/shop" in str(error.value)
    return str(error.value)


def _lint_refuses(line: Line, commit: str) -> str:
    world = line.inside
    world.write_json(paths.CHART, line.told(paths.CHART) | {"commit": commit})
    with pytest.raises(Failed, match="not those of one release") as error:
        looks.lint(world)
    return str(error.value)


def test_a_foreign_digest_without_breadcrumbs_is_refused(ready: Line) -> None:
    digest = ready.told(paths.CHART)["images"]["web"]["digest"]
    text = _bare(ready.values_at("main")).replace(digest, FOREIGN)
    commit = _write(ready, text, "9.9.9")
    says = f"parts.0.image.digest: {FOREIGN} is not in web"
    assert says in _merge_refuses(ready)
    assert says in _lint_refuses(ready, commit)


def test_some_with_and_some_without_a_breadcrumb_are_of_two_hands(ready: Line) -> None:
    text = ready.values_at("main")
    one = next(line for line in text.splitlines() if "app=web" in line)
    commit = _write(ready, text.replace(one, _bare(one)), "9.9.9")
    for says in (_merge_refuses(ready), _lint_refuses(ready, commit)):
        assert "the images are of more than one build" in says
        assert "parts.0.image.digest: built from an unknown commit" in says


def test_an_older_build_beside_the_released_one_is_refused(ready: Line) -> None:
    digest = ready.told(paths.CHART)["images"]["web"]["digest"]
    older = ready.push("web", "older", {"org.opencontainers.image.revision": "e" * 40})
    text = ready.values_at("main").replace(digest, older)
    assert "the image is not of" in _lint_refuses(ready, _write(ready, text, "9.9.9"))
    commit = _write(ready, _bare(text), "9.9.9")
    for says in (_merge_refuses(ready), _lint_refuses(ready, commit)):
        assert f"parts.0.image.digest: built from {'e' * 40}" in says


def test_one_that_does_not_say_where_it_is_from_is_refused(ready: Line) -> None:
    digest = ready.told(paths.CHART)["images"]["web"]["digest"]
    silent = ready.push("web", "silent", {})
    _write(ready, _bare(ready.values_at("main")).replace(digest, silent), "9.9.9")
    assert "parts.0.image.digest: built from an unknown commit" in _merge_refuses(ready)


def test_two_binaries_of_one_commit_are_two_builds(ready: Line) -> None:
    chart = ready.told(paths.CHART)
    text = _bare(ready.values_at("main"))
    for name, binary in (("server", "1" * 64), ("web", "2" * 64)):
        labels = {"org.opencontainers.image.revision": chart["source"], BINARY: binary}
        text = text.replace(chart["images"][name]["digest"], ready.push(name, "again", labels))
    _write(ready, text, "9.9.9")
    assert "the images carry different binaries" in _merge_refuses(ready)


def test_images_of_an_older_tool_have_their_breadcrumbs(ready: Line) -> None:
    chart, text = ready.told(paths.CHART), ready.values_at("main")
    for name in ("server", "web"):
        silent = ready.push(name, "silent", {})
        text = text.replace(chart["images"][name]["digest"], silent)
    _write(ready, text, "9.9.9")
    assert ready.merge() == "the chart has the newer 9.9.9"
    _write(ready, _bare(text), "9.9.9")
    assert "built from an unknown commit" in _merge_refuses(ready)


def test_the_registry_is_asked_once_a_chart(ready: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    manifest = LayoutRegistry.manifest

    def noted(registry: LayoutRegistry, repository: str, reference: str) -> object:
        asked.append(repository)
        return manifest(registry, repository, reference)

    monkeypatch.setattr(LayoutRegistry, "manifest", noted)
    looks.lint(ready.inside)
    assert set(asked) == {"server", "web"}
    asked.clear()
    looks.lint(ready.inside)
    assert asked == [], "other values of an environment are no other chart"


def test_a_plan_refuses_it_as_well_and_writes_nothing(ready: Line) -> None:
    text = _bare(ready.values_at("main"))
    _write(
        ready, text.replace(ready.told(paths.CHART)["images"]["web"]["digest"], FOREIGN), "9.9.9"
    )
    before = ready.inside.read(paths.CHART)
    world = Forecast(ready.inside, ready.folder / "scratch")
    with pytest.raises(Failed, match="not those of one release"):
        foresee(merge.EFFECT, world)
    assert ready.inside.read(paths.CHART) == before
