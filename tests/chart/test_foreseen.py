"""A plan walks the whole of the chart's line, knows what can be known, and writes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.chart import looks, merge, observe, propose, values
from tasks.kernel import paths, remotes
from tasks.kernel.effects import Foreseen, foresee
from tasks.kernel.world import UNKNOWN, Forecast
from tasks.promotion import head
from tests.chart.line import BRANCH, NAMES, Line


@pytest.fixture
def ahead(line: Line, tmp_path: Path) -> Forecast:
    """A plan's world, with a release published and everything observed."""
    line.publish("0.2.0")
    line.look_at_deployments()
    world = Forecast(line.inside, tmp_path / "scratch")
    observe.observe(world)
    return world


def _outside(line: Line) -> dict[str, object]:
    return {
        "charts": remotes.ls(str(line.charts.folder)),
        "deployments": remotes.ls(str(line.deployments.folder)),
        "offers": line.offers(),
        "facts": {
            file.relative_to(line.folder).as_posix(): file.read_bytes()
            for file in sorted((line.folder / "build").rglob("*"))
            if file.is_file() and "mirrors" not in file.parts
        },
    }


def test_all_of_it_is_foreseen_and_nothing_is_written(line: Line, ahead: Forecast) -> None:
    before = _outside(line)

    told = foresee(propose.EFFECT, ahead)
    assert told == Foreseen(
        "no pull request is open", "charts", "a pull request that takes 0.2.0 into the chart"
    )
    told = foresee(merge.EFFECT, ahead)
    assert told.port == "charts"
    assert told.says == "once its pull request is open"
    assert looks.foresee_lint(ahead).says == "helm looks at it"
    for name in NAMES:
        told = foresee(values.effect(name), ahead)
        assert told.means == f"commit the rendered values of {name}"
        assert told.says == f"{name} is behind"
    assert looks.foresee_render("staging", ahead).says == "helm renders it"

    chart = ahead.json(paths.CHART)
    assert (chart["commit"], chart["release"]) == (UNKNOWN, "0.2.0")
    assert ahead.json(paths.LINT)["commit"] == UNKNOWN
    assert {paths.CHART, paths.LINT, paths.manifests("staging")} <= ahead.unsure
    assert _outside(line) == before


def test_the_plan_goes_on_from_the_very_commit_that_the_run_makes(
    line: Line, ahead: Forecast
) -> None:
    for name in NAMES:
        foresee(values.effect(name), ahead)
    foreseen = head.head_of(ahead).commit
    assert foreseen != line.deployments.head
    line.render()
    assert line.deployments.head == foreseen
    for name in NAMES:
        assert ahead.read(paths.rendered_values(name)) == line.inside.read(
            paths.rendered_values(name)
        )


def test_digests_that_are_still_to_be_built_are_passed_on(line: Line, ahead: Forecast) -> None:
    published = line.told(paths.receipt("publish"))
    published["version"] = "0.3.0"
    for image in published["images"].values():
        image["digest"] = UNKNOWN
    ahead.write_json(paths.receipt("publish"), published)
    assert foresee(propose.EFFECT, ahead).says == "no pull request is open"
    foresee(merge.EFFECT, ahead)
    assert ahead.json(paths.CHART)["images"]["web"]["digest"] == UNKNOWN


def test_an_open_pull_request_is_known_to_be_merged(line: Line, ahead: Forecast) -> None:
    line.bump()
    line.offer_file(1)
    observe.observe(ahead)
    assert foresee(propose.EFFECT, ahead) == Foreseen("pull request #1 is open")
    told = foresee(merge.EFFECT, ahead)
    assert told.says == "pull request #1 has its labels and touches charts/shop alone"
    assert line.charts.at(BRANCH) == line.offers("open")[0].head


def test_what_is_there_already_is_foreseen_as_it_is(line: Line, ahead: Forecast) -> None:
    line.take_in()
    observe.observe(ahead)
    assert foresee(propose.EFFECT, ahead) == Foreseen("the chart has 0.2.0")
    assert foresee(merge.EFFECT, ahead) == Foreseen("the chart has 0.2.0")
    assert ahead.json(paths.CHART) == line.told(paths.CHART)
    line.inside.write_json(paths.LINT, {"commit": "x", "tree": "y", "helm": "v4.1.4"})
    looks.foresee_lint(ahead)
    assert ahead.json(paths.LINT)["helm"] == "v4.1.4"
    assert paths.LINT not in ahead.unsure


def test_without_a_release_all_is_foreseen_as_skipped(line: Line, ahead: Forecast) -> None:
    ahead.write_json(paths.receipt("publish"), {"claims": {}, "skipped": "no promotion"})
    assert foresee(propose.EFFECT, ahead) == Foreseen("no promotion")
    assert foresee(merge.EFFECT, ahead) == Foreseen("no promotion")
    assert looks.foresee_lint(ahead) == Foreseen("no promotion")
    assert looks.foresee_render("staging", ahead) == Foreseen("no promotion")
    assert ahead.json(paths.CHART) == {"commit": None, "why": "no promotion"}
    assert not line.inside.exists(paths.CHART)


def test_a_plan_needs_no_helm(line: Line, ahead: Forecast) -> None:
    if (line.folder / ".tools").is_symlink():
        (line.folder / ".tools").unlink()
    shutil.rmtree(line.folder / ".tools", ignore_errors=True)
    line.take_in()
    foresee(merge.EFFECT, ahead)
    looks.foresee_lint(ahead)
    looks.foresee_render("staging", ahead)
    assert not (line.folder / ".tools").exists()
