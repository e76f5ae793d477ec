"""`chart:merge`: by labels alone, conditional on what was looked at, and which chart that makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.chart import merge
from tasks.forge.local import LocalForge
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.effects import Skipped
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.receipts import broken
from tests.chart.line import BRANCH, OLD, VALUES, Line, kill_at


@pytest.fixture
def offered(line: Line) -> Line:
    """A release is published and its pull request open."""
    line.publish("0.2.0")
    line.bump()
    return line


def _change_offer(line: Line, **changes: Any) -> None:
    file = line.offer_file(1)
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def _tree(line: Line) -> str:
    return g.text("rev-parse", "main:charts/shop", repo=line.charts.folder)


def test_it_is_merged_and_says_which_chart_that_makes(offered: Line) -> None:
    release = offered.told(paths.receipt("publish"))
    assert offered.merge() == "pull request #1 merged: shop has 0.2.0"
    assert [pull.state for pull in offered.offers()] == ["merged"]
    assert offered.told(paths.CHART) == {
        "commit": offered.charts.head,
        "tree": _tree(offered),
        "version": "1.2.4",
        "app_version": "0.2.0",
        "release": "0.2.0",
        "source": release["commit"],
        "images": release["images"],
    }
    receipt = offered.told(paths.receipt("chart:merge"))
    assert receipt["claims"] == {"charts": {"chart": _tree(offered)}}
    assert broken(receipt["claims"], offered.observe()) == []


def test_the_same_again_merges_nothing(offered: Line) -> None:
    offered.merge()
    chart, head = offered.told(paths.CHART), offered.charts.head
    assert offered.merge() == "the chart has 0.2.0"
    assert (offered.told(paths.CHART), offered.charts.head) == (chart, head)


@pytest.mark.parametrize("point", ["observed", "acted", "recorded"])
def test_killed_anywhere_it_merges_once(offered: Line, point: str) -> None:
    kill_at(f"chart:merge:{point}", merge.EFFECT, offered.inside)
    offered.bump()
    offered.merge()
    merges = g.lines("rev-list", "--merges", "main", repo=offered.charts.folder)
    assert merges == [offered.charts.head]
    assert offered.told(paths.CHART)["commit"] == offered.charts.head


def test_a_merge_that_the_forge_did_not_note_is_seen_in_git(offered: Line) -> None:
    offered.merge()
    chart = offered.told(paths.CHART)
    _change_offer(offered, state="open")
    assert offered.bump() == "the chart has 0.2.0"
    assert offered.merge() == "the chart has 0.2.0"
    assert offered.told(paths.CHART) == chart


def test_a_missing_label_is_named_and_nothing_merged(offered: Line) -> None:
    _change_offer(offered, labels=["shop", "seen"])
    before = offered.charts.head
    with pytest.raises(Failed, match="lacks the label galoybot") as error:
        offered.merge()
    assert error.value.what.endswith("galoybot")
    assert "doit chart:merge" in error.value.fix
    assert offered.charts.head == before
    assert not offered.inside.exists(paths.CHART)


def test_a_bump_does_not_put_a_label_back_that_a_person_took_away(offered: Line) -> None:
    _change_offer(offered, labels=[])
    offered.bump()
    with pytest.raises(Failed, match="lacks the label galoybot, shop"):
        offered.merge()


def test_a_draft_is_not_merged(offered: Line) -> None:
    _change_offer(offered, draft=True)
    with pytest.raises(Failed, match="it is a draft"):
        offered.merge()


def test_what_touches_more_than_the_chart_is_for_people(offered: Line) -> None:
    offered.charts.push("and more", {"charts/shopping/x": "x\n", "README.md": "!\n"}, BRANCH)
    before = offered.charts.head
    with pytest.raises(Failed, match="changes more than charts/shop") as error:
        offered.merge()
    assert error.value.detail == ("README.md", "charts/shopping/x")
    assert offered.charts.head == before


def test_what_people_add_to_the_chart_goes_along(offered: Line) -> None:
    offered.charts.push("and more", {"charts/shop/NOTES": "x\n"}, BRANCH)
    offered.merge()
    assert offered.charts.file("main", "charts/shop/NOTES") == "x\n"


def test_a_branch_without_the_digests_is_not_merged(offered: Line) -> None:
    offered.charts.push("no", {"charts/shop/values.yaml": VALUES}, BRANCH)
    with pytest.raises(SlipwayError, match=r"pull request #1 does not bring 0\.2\.0"):
        offered.merge()
    offered.bump()
    assert offered.merge() == "pull request #1 merged: shop has 0.2.0"


def test_a_branch_that_moves_at_the_last_moment_is_not_merged(
    offered: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge_pull = LocalForge.merge_pull

    def late(forge: LocalForge, number: int, head: str, by: str, why: str) -> str:
        offered.charts.push("quicker", {"charts/shop/x": "x\n"}, BRANCH)
        return merge_pull(forge, number, head, by, why)

    monkeypatch.setattr(LocalForge, "merge_pull", late)
    before = offered.charts.head
    with pytest.raises(SlipwayError, match="its branch moved to"):
        offered.merge()
    assert offered.charts.head == before


def test_a_conflict_is_told_and_the_next_bump_solves_it(offered: Line) -> None:
    more = VALUES.replace('digest: "', "digest: '").replace('" # META', "' # META")
    offered.charts.push("quotes", {"charts/shop/values.yaml": more})
    with pytest.raises(SlipwayError, match="main has changed the same files") as error:
        offered.merge()
    assert error.value.fix == "doit chart:merge makes it anew on top of them"
    offered.bump()
    assert offered.merge() == "pull request #1 merged: shop has 0.2.0"


def test_a_conflict_in_what_people_added_is_theirs_to_solve(offered: Line) -> None:
    offered.charts.push("theirs", {"charts/shop/NOTES": "x\n"}, BRANCH)
    offered.charts.push("ours", {"charts/shop/NOTES": "y\n"})
    with pytest.raises(SlipwayError, match="cannot be merged into main") as error:
        offered.merge()
    assert error.value.detail == ("conflict in charts/shop/NOTES",)
    assert "they have to solve" in error.value.fix


def test_a_pull_request_that_is_gone_is_opened_by_the_bump(offered: Line) -> None:
    offered.offer_file(1).unlink()
    with pytest.raises(SlipwayError, match=r"no pull request brings 0\.2\.0"):
        offered.merge()


def test_a_human_who_closed_it_is_named(offered: Line) -> None:
    _change_offer(offered, state="closed")
    with pytest.raises(Failed, match=r"closed by a human: 0\.2\.0 is not in the chart"):
        offered.merge()


def test_a_person_who_merged_it_by_hand_is_adopted(offered: Line) -> None:
    offered.forge.merge_pull(1, offered.charts.at(BRANCH), "Grace", "quick")
    assert offered.merge() == "the chart has 0.2.0"
    assert offered.told(paths.CHART)["commit"] == offered.charts.head


def test_a_persons_change_of_the_chart_wakes_it_and_is_the_new_chart(offered: Line) -> None:
    world = offered.take_in()
    claims = offered.told(paths.receipt("chart:merge"))["claims"]
    assert broken(claims, world) == []
    commit = offered.charts.push("a template", {"charts/shop/templates/more.yaml": "# more\n"})
    assert broken(claims, offered.observe()) == ["charts has another chart"]
    assert offered.merge() == "the chart has 0.2.0"
    chart = offered.told(paths.CHART)
    assert (chart["commit"], chart["tree"]) == (commit, _tree(offered))
    assert broken(offered.told(paths.receipt("chart:merge"))["claims"], offered.inside) == []


def test_what_others_change_beside_the_chart_wakes_nothing(offered: Line) -> None:
    offered.take_in()
    chart = offered.told(paths.CHART)
    offered.charts.push("another chart", {"charts/other/Chart.yaml": "name: other\n"})
    claims = offered.told(paths.receipt("chart:merge"))["claims"]
    assert broken(claims, offered.observe()) == []
    offered.merge()
    assert offered.told(paths.CHART) == chart


def test_a_person_who_took_the_digests_out_gets_a_new_pull_request(offered: Line) -> None:
    offered.take_in()
    offered.charts.push("back", {"charts/shop/values.yaml": VALUES})
    world = offered.observe()
    for task in ("chart:bump", "chart:merge"):
        assert broken(offered.told(paths.receipt(task))["claims"], world)
    offered.take_in()
    assert [pull.state for pull in offered.offers()] == ["merged", "merged"]
    assert OLD["server"] not in offered.values_at("main")
    assert offered.told(paths.CHART)["commit"] == offered.charts.head


def test_before_any_release_there_is_no_chart_to_go_on_from(line: Line) -> None:
    line.inside.write_json(paths.receipt("publish"), {"claims": {}, "skipped": "no promotion"})
    line.bump()
    says = line.merge()
    assert isinstance(says, Skipped)
    assert says == "no promotion"
    assert line.told(paths.CHART) == {"commit": None, "why": "no promotion"}
    assert line.told(paths.receipt("chart:merge")) == {"claims": {}, "skipped": "no promotion"}


def test_without_labels_asked_for_it_is_merged_too(line: Line) -> None:
    line.configure("  labels: []\n")
    line.publish("0.2.0")
    line.bump()
    assert line.offers()[0].labels == ()
    assert line.merge() == "pull request #1 merged: shop has 0.2.0"
    body = g.text("log", "-1", "--format=%B", "main", repo=line.charts.folder)
    assert "Approved-by: Slipway\n" in body
