"""The chart among the files: read as it is written, its digests found wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.cluster import Workload
from tasks.deploy import health
from tasks.deploy.chart import Chart, chart_in, lookup
from tasks.deploy.past import deployed_by
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tasks.promotion.wanted import state_in, wanted_by
from tests.deploy.test_approve import CHART, SETTINGS
from tests.promotion.line import FILES, Line, Remote


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", "1"),
        ("a.list.0.digest", "sha256:x"),
        ("a.list.1.digest", ""),
        ("a.list.-1.digest", ""),
        ("a.dash-ed", "2"),
        ("a", ""),
        ("a.b.c", ""),
        ("", ""),
    ],
)
def test_a_dotted_path_goes_through_maps_and_lists(path: str, found: str) -> None:
    values = {"a": {"b": "1", "dash-ed": "2", "list": [{"digest": "sha256:x"}]}}
    assert lookup(values, path) == found


def wanted(tmp_path: Path, files: dict[str, str]) -> Line:
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", {**FILES, **files})
    line = Line(tmp_path / "tree", remote, SETTINGS)
    line.look()
    line.promote("staging")
    return line


def test_a_version_is_no_number(tmp_path: Path) -> None:
    line = wanted(tmp_path, CHART)
    chart = chart_in(line.world, state_in(wanted_by(line.world, "staging")))
    assert chart
    assert (chart.version, chart.app_version) == ("0.1.0", "1.10")
    assert chart.digests == {"server": "sha256:aaa"}


def test_no_chart_is_none(tmp_path: Path) -> None:
    line = wanted(tmp_path, {})
    assert chart_in(line.world, state_in(wanted_by(line.world, "staging"))) is None


def test_a_broken_chart_is_named(tmp_path: Path) -> None:
    line = wanted(tmp_path, CHART | {"modules/app/chart/Chart.yaml": "{"})
    with pytest.raises(SlipwayError, match=r"modules/app/chart/Chart\.yaml: the file is not valid"):
        chart_in(line.world, state_in(wanted_by(line.world, "staging")))


def test_a_text_of_many_lines_stays_one_trailer(tmp_path: Path) -> None:
    chart_yaml = 'name: app\nversion: "1\\nSlipway-Release: 9"\nappVersion: 1\n'
    line = wanted(tmp_path, CHART | {"modules/app/chart/Chart.yaml": chart_yaml})
    chart = chart_in(line.world, state_in(wanted_by(line.world, "staging")))
    assert chart
    assert chart.trailers()[:2] == ["Slipway-Release: 1", "Slipway-Chart: app 1 Slipway-Release: 9"]


def test_infrastructure_alone_has_no_health_to_ask_for(tmp_path: Path) -> None:
    line = wanted(tmp_path, {})
    assert health.judge("staging", line.world).startswith("there is nothing to ask")
    fact = line.world.json(paths.health("staging"))
    assert (fact["key"], fact["digests"]) == (wanted_by(line.world, "staging")["key"], {})


def runs(name: str, image: str, digest: str) -> Workload:
    return Workload(name, "app", f"{image}@{digest}", digest, 1, True, {}, 0, "", ())


def test_another_make_beside_the_wanted_one_is_seen(tmp_path: Path) -> None:
    line = wanted(tmp_path, CHART)
    image = "server"
    chart = Chart("app", "0.1.0", "1.10", digests={image: "sha256:aaa"})
    of_it = "registry.example.org/" + line.world.config.images[image].repository
    good, other = runs("app", of_it, "sha256:aaa"), runs("worker", of_it, "sha256:bbb")
    foreign = runs("database", "registry.example.org/postgres", "sha256:ccc")
    assert health._wrong(line.world, chart, [good, foreign]) == []
    assert health._wrong(line.world, chart, [good, other]) == [
        f"{image}: worker runs sha256:bbb, wanted sha256:aaa"
    ]
    assert health._wrong(line.world, chart, [other]) == [
        f"{image}: runs sha256:bbb, wanted sha256:aaa"
    ]
    assert health._wrong(line.world, chart, [foreign]) == [
        f"{image}: runs nowhere, wanted sha256:aaa"
    ]


def test_who_deploys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_BY", "ci\nrobot ")
    assert deployed_by() == "ci robot"
    monkeypatch.delenv("SLIPWAY_BY")
    assert "@" in deployed_by()
