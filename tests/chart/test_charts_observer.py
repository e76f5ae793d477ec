"""The `charts` observer: one question, and a release that stands however it got there."""

from __future__ import annotations

import pytest

from tasks.chart import observe
from tasks.chart.proposal import standing
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tests.chart.line import BRANCH, Line


def test_it_sees_every_ref_and_the_charts_tree(line: Line) -> None:
    says = observe.observe(line.inside)
    tree = g.text("rev-parse", "main:charts/shop", repo=line.charts.folder)
    seen = {"refs/heads/main": line.charts.head, "chart": tree}
    assert line.inside.sightings("charts") == seen
    assert says == f"main is at {line.charts.head[:7]}"


def test_a_remote_without_the_chart_is_no_error_yet(line: Line) -> None:
    names = g.lines("ls-tree", "-r", "--name-only", "main", "charts", repo=line.charts.folder)
    line.charts.push("gone", dict.fromkeys(names))
    assert observe.observe(line.inside).endswith("with no chart yet")
    assert "chart" not in line.inside.sightings("charts")


def test_a_missing_branch_is_named(line: Line) -> None:
    line.configure_branch("charts", "trunk")
    with pytest.raises(SlipwayError, match="there is no branch trunk"):
        observe.observe(line.inside)


def test_our_release_stands_while_its_pull_request_does_and_when_it_is_merged(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    assert line.observe().sightings("charts")["bump:0.2.0"] == "standing"
    line.merge()
    assert line.observe().sightings("charts")["bump:0.2.0"] == "standing"


def test_an_idle_look_at_a_merged_release_reads_no_chart(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.publish("0.2.0")
    line.take_in()
    monkeypatch.setattr("tasks.chart.propose.standing", standing_is_not_asked)
    assert "bump:0.2.0" in line.observe().sightings("charts")


def standing_is_not_asked(*_args: object) -> None:
    raise AssertionError(standing)


def test_a_chart_that_cannot_be_read_stands_for_nothing(line: Line) -> None:
    line.publish("0.2.0")
    line.take_in()
    line.charts.push("spoilt", {"charts/shop/values.yaml": "server: [\n"})
    assert "bump:0.2.0" not in line.observe().sightings("charts")


def test_a_spoilt_receipt_wakes_its_effect_and_stops_nobody(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    file = paths.receipt("chart:bump")
    told = line.told(file)
    line.inside.write_json(file, {"claims": told["claims"], "version": "0.2.0"})
    line.observe()
    line.inside.write_json(file, {"claims": told["claims"], "version": "0.1.9"})
    assert "bump:0.2.0" not in line.observe().sightings("charts")
    assert line.inside.sightings("charts")[f"refs/heads/{BRANCH}"] == line.charts.at(BRANCH)
