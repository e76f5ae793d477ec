"""`chart:candidate`: the candidate shown in the chart, and never more than shown."""

from __future__ import annotations

import json

import pytest

from tasks.chart import candidate, merge, propose
from tasks.kernel import paths
from tasks.kernel.effects import carry_out, foresee
from tasks.kernel.errors import Failed
from tasks.kernel.receipts import broken
from tasks.kernel.world import Forecast
from tests.chart.line import BRANCH, Line, kill_at

RC = f"{BRANCH}-rc"


def _wait(line: Line, version: str | None) -> dict[str, str]:
    """Have a candidate waiting, pushed; None for none."""
    commit = line.refs()["refs/heads/main"]
    fact = {"version": version, "tag": version, "commit": commit if version else None}
    fact["core"] = version and version.partition("-")[0]
    line.inside.write_json(paths.VERSION, fact)
    digests = {}
    for name in ("server", "web"):
        told: dict[str, object] = {"claims": {}, "skipped": "nothing to release"}
        if version:
            labels = {"org.opencontainers.image.revision": commit}
            digests[name] = line.push(name, version, labels)
            told = {"claims": {}, "repository": name, "digest": digests[name], "binary": ""}
        line.inside.write_json(paths.receipt(f"push:{name}"), told)
    return digests


def _show(line: Line) -> str:
    return carry_out(candidate.EFFECT, line.inside)


def _drafts(line: Line) -> list[tuple[int, str]]:
    return [(pull.number, pull.state) for pull in line.forge.pulls(RC)]


def test_a_candidate_is_shown_in_a_draft_of_its_own(line: Line) -> None:
    digests = _wait(line, "0.2.0-rc.1")
    assert _show(line) == "pull request #1: 0.2.0-rc.1 for shop"
    [pull] = line.forge.pulls(RC)
    assert (pull.state, pull.draft, pull.labels) == ("open", True, ())
    assert "no environment gets it" in pull.body
    assert all(digest in pull.body for digest in digests.values())
    assert line.charts.file(pull.head, "charts/shop/is-release") == "false\n"
    about = line.charts.file(pull.head, "charts/shop/Chart.yaml")
    assert "appVersion: 0.2.0-rc.1\n" in about
    assert line.offers() == []
    told = line.told(paths.receipt("chart:candidate"))
    assert broken(told["claims"], line.observe()) == []
    assert _show(line) == "pull request #1 is open"


def test_with_nothing_to_release_any_more_the_draft_is_closed(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    _show(line)
    _wait(line, None)
    assert _show(line) == "pull request #1 closed: no candidate is waiting"


def test_the_next_candidate_takes_the_draft_over(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    _show(line)
    line.commit("fix: more", {"server/main.py": "print('more')\n"})
    line.look()
    _wait(line, "0.2.0-rc.2")
    assert _show(line) == "pull request #1: 0.2.0-rc.2 takes over from 0.2.0-rc.1"
    assert _drafts(line) == [(1, "open")]


def test_the_release_goes_its_own_way_and_the_draft_is_closed(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    _show(line)
    line.publish("0.2.0")
    line.take_in()
    assert line.charts.file(line.charts.head, "charts/shop/is-release") == "true\n"
    assert _drafts(line) == [(1, "open")]
    assert _show(line) == "pull request #1 closed: no candidate is waiting"
    assert _show(line) == "no candidate is waiting, and none is on offer"
    told = line.told(paths.receipt("chart:candidate"))
    assert broken(told["claims"], line.observe()) == []
    _wait(line, None)
    assert _drafts(line) == [(1, "closed")]
    assert _show(line) == "no candidate is waiting, and none is on offer"
    _wait(line, "0.3.0-rc.1")
    assert _show(line) == "pull request #3: 0.3.0-rc.1 for shop"


def test_a_draft_that_a_human_closed_stays_closed(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    _show(line)
    line.forge.close_pull(1)
    assert _show(line) == "pull request #1 was closed by a human"
    assert _drafts(line) == [(1, "closed")]
    told = line.told(paths.receipt("chart:candidate"))
    assert broken(told["claims"], line.observe()) == []


def test_a_candidate_that_somebody_merged_goes_nowhere(line: Line) -> None:
    line.publish("0.1.9")
    line.take_in()
    before = line.inside.read(paths.CHART)
    _wait(line, "0.2.0-rc.1")
    _show(line)
    [pull] = line.forge.pulls(RC)
    line.forge.merge_pull(pull.number, pull.head, "Ada", "I like it")
    line.observe()
    with pytest.raises(Failed, match=r"the chart holds 0\.2\.0-rc\.1, which is not released"):
        carry_out(merge.EFFECT, line.inside)
    assert line.inside.read(paths.CHART) == before


def test_its_release_is_taken_in_over_a_candidate_that_somebody_merged(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    _show(line)
    [pull] = line.forge.pulls(RC)
    line.forge.merge_pull(pull.number, pull.head, "Ada", "I like it")
    line.publish("0.2.0")
    line.take_in()
    assert line.told(paths.CHART)["app_version"] == "0.2.0"
    assert line.charts.file(line.charts.head, "charts/shop/is-release") == "true\n"


@pytest.mark.parametrize("point", ["observed", "pushed", "acted"])
def test_killed_anywhere_it_is_shown_once(line: Line, point: str) -> None:
    _wait(line, "0.2.0-rc.1")
    kill_at(f"chart:candidate:{point}", candidate.EFFECT, line.inside)
    _show(line)
    assert _drafts(line) == [(1, "open")]


def test_a_plan_writes_nothing_and_says_what_would_be(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    world = Forecast(line.inside, line.folder / "scratch")
    told = foresee(candidate.EFFECT, world)
    assert told.means.startswith("a draft that shows 0.2.0-rc.1 in the chart")
    assert _drafts(line) == []
    claims = json.loads(world.read(paths.receipt("chart:candidate")) or b"{}")["claims"]
    assert claims == {"charts": {"candidate:0.2.0-rc.1": "standing"}}


def test_a_plan_knows_that_the_draft_is_over_with_the_release(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    _show(line)
    line.publish("0.2.0")
    world = Forecast(line.inside, line.folder / "scratch")
    foresee(propose.EFFECT, world)
    foresee(merge.EFFECT, world)
    told = foresee(candidate.EFFECT, world)
    assert told.says == "pull request #1 brings what is waiting no more"
    assert told.port == "charts"
    assert _drafts(line) == [(1, "open")]


def test_a_chart_with_an_image_of_no_candidate_shows_none(line: Line) -> None:
    _wait(line, "0.2.0-rc.1")
    line.inside.write_json(paths.receipt("push:web"), {"claims": {}, "skipped": "later"})
    assert _show(line) == "no candidate is waiting, and none is on offer"
