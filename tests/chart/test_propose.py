"""`chart:bump`: a published release in one pull request, never taking anything back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tasks.chart import propose
from tasks.kernel import git as g
from tasks.kernel import paths, remotes
from tasks.kernel.effects import Seen, Skip
from tasks.kernel.errors import SlipwayError
from tasks.kernel.receipts import broken
from tasks.kernel.world import World
from tests.chart.line import BRANCH, LABELS, OLD, VALUES, Line, kill_at


def _carried(line: Line, commit: str) -> dict[str, str]:
    told: dict[str, Any] = yaml.safe_load(line.values_at(commit))
    return {
        "server": told["server"]["image"]["digest"],
        "web": told["parts"][0]["image"]["digest"],
    }


def test_a_release_is_offered_with_its_digests_and_breadcrumbs(line: Line) -> None:
    digests = line.publish("0.2.0")
    commit = line.refs()["refs/heads/main"]

    assert line.bump() == "pull request #1: 0.2.0 for shop"

    [offer] = line.offers()
    assert (offer.state, offer.draft, offer.labels) == ("open", False, LABELS)
    assert (offer.branch, offer.base) == (BRANCH, "main")
    assert offer.title == f"chore-bump-shop-image-{commit[:7]}"
    assert all(digest in offer.body for digest in digests.values())
    expected = VALUES.replace(OLD["server"], digests["server"]).replace("5c1f0ae", commit[:7])
    web = f"{digests['web']} # METADATA:: repository=world/source.git;commit_ref={commit[:7]}"
    expected = expected.replace(OLD["web"], f"{web};app=web;")
    assert line.values_at(offer.head) == expected
    about = line.charts.file(offer.head, "charts/shop/Chart.yaml")
    assert "version: 1.2.4\nappVersion: 0.2.0\n" in about
    changed = g.lines("diff", "--name-only", "main", offer.head, repo=line.charts.folder)
    assert changed == [f"charts/shop/{n}" for n in ("Chart.yaml", "is-release", "values.yaml")]
    assert line.charts.file(offer.head, "charts/shop/is-release") == "true\n"


def test_its_receipt_says_what_and_claims_that_it_stands(line: Line) -> None:
    digests = line.publish("0.2.0")
    line.bump()
    told = line.told(paths.receipt("chart:bump"))
    assert told["claims"] == {"charts": {"bump:0.2.0": "standing"}}
    assert (told["version"], told["pull"]) == ("0.2.0", 1)
    assert {name: image["digest"] for name, image in told["images"].items()} == digests
    assert broken(told["claims"], line.observe()) == []


def test_the_chart_keeps_its_own_version_when_told_so(line: Line) -> None:
    line.configure("  version: keep\n")
    line.publish("0.2.0")
    line.bump()
    about = line.charts.file(line.offers()[0].head, "charts/shop/Chart.yaml")
    assert "version: 1.2.3\nappVersion: 0.2.0\n" in about


def test_the_same_again_changes_nothing(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    before = line.offer_file(1).read_bytes(), line.charts.at(BRANCH)
    assert line.bump() == "pull request #1 is open"
    assert (line.offer_file(1).read_bytes(), line.charts.at(BRANCH)) == before
    assert len(line.offers()) == 1


def test_a_branch_that_was_lost_is_made_again_with_the_same_commit(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    branch = line.charts.at(BRANCH)
    line.charts.point(BRANCH, "")
    world = line.observe()
    claims = line.told(paths.receipt("chart:bump"))["claims"]
    assert broken(claims, world) == ["charts has no bump:0.2.0 any more"]
    assert line.bump() == "pull request #1 made whole again"
    assert line.charts.at(BRANCH) == branch
    assert len(line.offers()) == 1


def test_a_pull_request_that_was_deleted_is_opened_again(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    line.offer_file(1).unlink()
    assert "bump:0.2.0" not in line.observe().sightings("charts")
    line.bump()
    assert [pull.state for pull in line.offers()] == ["open"]
    assert "bump:0.2.0" in line.observe().sightings("charts")


@pytest.mark.parametrize("point", ["observed", "pushed", "acted", "recorded"])
def test_killed_anywhere_it_ends_in_one_pull_request(line: Line, point: str) -> None:
    digests = line.publish("0.2.0")
    kill_at(f"chart:bump:{point}", propose.EFFECT, line.inside)
    line.bump()
    [offer] = line.offers()
    assert offer.state == "open"
    assert _carried(line, offer.head) == digests
    assert line.charts.log(BRANCH) == ["chore(shop): bump images to 0.2.0", "the first"]


def test_a_newer_release_takes_the_open_one_over_in_place(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    line.commit("feat: a shelf", {"server/main.py": "print('shelf')\n"})
    line.look()
    digests = line.publish("0.3.0")
    assert line.bump() == "pull request #1: 0.3.0 takes over from 0.2.0"
    [offer] = line.offers()
    assert _carried(line, offer.head) == digests
    assert line.charts.log(BRANCH) == ["chore(shop): bump images to 0.3.0", "the first"]


def test_a_late_run_takes_no_open_one_back(line: Line) -> None:
    line.publish("0.2.0")
    late = line.told(paths.receipt("publish"))
    line.publish("0.3.0")
    line.bump()
    line.inside.write_json(paths.receipt("publish"), late)
    assert line.bump() == "pull request #1 brings the newer 0.3.0"
    assert line.charts.log(BRANCH)[0] == "chore(shop): bump images to 0.3.0"


def test_a_late_run_takes_no_merged_one_back(line: Line) -> None:
    line.publish("0.2.0")
    late = line.told(paths.receipt("publish"))
    line.publish("0.3.0")
    line.take_in()
    line.inside.write_json(paths.receipt("publish"), late)
    assert line.bump() == "the chart has the newer 0.3.0"
    assert "bump:0.2.0" in line.observe().sightings("charts")
    assert line.merge() == "the chart has the newer 0.3.0"
    chart = line.told(paths.CHART)
    assert (chart["release"], chart["app_version"]) == ("0.3.0", "0.3.0")
    assert chart["source"] == late["commit"]
    assert {n: i["digest"] for n, i in chart["images"].items()} == _carried(line, "main")


def test_what_a_person_took_out_of_the_chart_is_offered_again(line: Line) -> None:
    digests = line.publish("0.2.0")
    line.take_in()
    spoilt = line.values_at("main").replace(digests["server"], OLD["server"])
    line.charts.push("an experiment", {"charts/shop/values.yaml": spoilt})
    assert "bump:0.2.0" not in line.observe().sightings("charts")
    line.bump()
    offers = line.offers()
    assert [(pull.number, pull.state) for pull in offers] == [(2, "open"), (1, "merged")]
    assert _carried(line, offers[0].head) == digests
    about = line.charts.file(offers[0].head, "charts/shop/Chart.yaml")
    assert "version: 1.2.5\n" in about


def test_another_change_of_the_chart_is_no_reason_to_offer_anything(line: Line) -> None:
    line.publish("0.2.0")
    line.take_in()
    line.charts.push("docs: a line", {"charts/shop/README.md": "The shop.\n"})
    assert "bump:0.2.0" in line.observe().sightings("charts")
    assert line.bump() == "the chart has 0.2.0"
    assert len(line.offers()) == 1


def test_when_the_chart_went_on_below_it_is_made_anew_on_top(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    line.charts.push(
        "more", {"charts/shop/values.yaml": VALUES.replace("replicas: 1", "replicas: 3")}
    )
    assert "bump:0.2.0" not in line.observe().sightings("charts")
    assert line.bump() == "pull request #1 made whole again"
    assert "replicas: 3" in line.values_at(BRANCH)
    assert line.charts.log(BRANCH) == ["chore(shop): bump images to 0.2.0", "more", "the first"]


def test_what_people_put_on_top_is_kept_when_it_has_to_be_replaced(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    theirs = line.charts.push("a note", {"charts/shop/NOTES": "mine\n"}, BRANCH)
    line.publish("0.3.0")
    kept = f"refs/slipway/kept/{theirs[:12]}"
    assert line.bump().endswith(f"(what people had changed in it is kept at {kept})")
    assert remotes.ls(str(line.charts.folder))[kept] == theirs


def test_what_people_put_on_top_stays_while_the_digests_are_right(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    theirs = line.charts.push("a note", {"charts/shop/NOTES": "mine\n"}, BRANCH)
    assert line.bump() == "pull request #1 is open"
    assert line.charts.at(BRANCH) == theirs


def test_a_branch_of_somebody_else_is_never_overwritten(line: Line) -> None:
    line.publish("0.2.0")
    theirs = line.charts.push("my own work", {"charts/shop/mine": "x\n"}, BRANCH)
    with pytest.raises(SlipwayError, match="bot-bump-shop is somebody's own work") as error:
        line.bump()
    assert theirs[:12] in str(error.value)
    assert line.charts.at(BRANCH) == theirs
    assert line.offers() == []


def test_a_branch_that_moves_at_the_last_moment_is_not_overwritten(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.publish("0.2.0")
    push, theirs = remotes.push, []

    def late(world: World, name: str, where: str, ref: str, new: str, old: str) -> None:
        theirs.append(line.charts.push("quicker", {"charts/shop/mine": "x\n"}, BRANCH))
        push(world, name, where, ref, new, old)

    monkeypatch.setattr(remotes, "push", late)
    with pytest.raises(SlipwayError, match="somebody's own work"):
        line.bump()
    assert line.charts.at(BRANCH) == theirs[-1]


def test_another_machine_that_was_quicker_is_adopted(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.publish("0.2.0")
    push = remotes.push

    def twice(world: World, name: str, where: str, ref: str, new: str, old: str) -> None:
        push(world, name, where, ref, new, old)
        if not line.offers():
            line.propose_by_hand("0.2.0")

    monkeypatch.setattr(remotes, "push", twice)
    line.bump()
    assert len(line.offers()) == 1


def test_a_human_who_closed_it_has_decided(line: Line) -> None:
    line.publish("0.2.0")
    line.bump()
    told = json.loads(line.offer_file(1).read_text())
    line.offer_file(1).write_text(json.dumps(told | {"state": "closed"}))
    assert "bump:0.2.0" in line.observe().sightings("charts")
    assert line.bump() == "pull request #1 was closed by a human"
    line.publish("0.3.0")
    line.bump()
    assert [pull.state for pull in line.offers()] == ["open", "closed"]


def test_before_any_release_there_is_nothing_to_offer(line: Line) -> None:
    line.inside.write_json(paths.receipt("publish"), {"claims": {}, "skipped": "no promotion"})
    assert propose.want(line.inside) == Skip("no promotion")
    line.bump()
    assert line.told(paths.receipt("chart:bump")) == {"claims": {}, "skipped": "no promotion"}


def test_a_ref_beside_the_digest_follows(line: Line) -> None:
    line.publish("0.2.0")
    older = VALUES.replace("repository: web\n", 'repository: web\n      git_ref: "5c1f0ae" # old\n')
    line.charts.push("as it was", {"charts/shop/values.yaml": older})
    line.bump()
    commit = line.refs()["refs/heads/main"]
    assert f'git_ref: "{commit[:7]}" # old\n' in line.values_at(BRANCH)


def test_what_is_seen_when_it_is_not_there_yet(line: Line) -> None:
    digests = line.publish("0.2.0")
    wanted = propose.want(line.inside)
    assert not isinstance(wanted, Skip)
    seen = propose.observe(line.inside, wanted)
    assert isinstance(seen, Seen)
    assert (seen.done, seen.says, seen.facts["pull"]) == (False, "no pull request is open", "?")
    assert seen.facts["images"]["server"]["digest"] == digests["server"]
    assert propose.means(wanted) == "a pull request that takes 0.2.0 into the chart"
