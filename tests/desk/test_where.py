"""How far a change has got, station by station; and which commit somebody means."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

from tasks.desk.naming import meant
from tasks.desk.passage import passage
from tasks.desk.sides import Sides
from tasks.desk.stops import shown
from tasks.desk.where import where
from tasks.kernel import git as g
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tests.desk.travelled import Travelled, everywhere, values


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    return everywhere(tmp_path_factory.mktemp("travelled") / "shop")


@pytest.fixture
def told(once: Travelled, tmp_path: Path) -> Travelled:
    return once.copy(tmp_path / "shop")


def stops(told: Travelled, commit: str) -> dict[str, str]:
    """Return what each stop has, or waits for with what to type."""
    found = passage(told.world(), commit).stops
    return {
        stop.name: re.sub("@[0-9a-f]{7}", "", stop.value)
        or f"waits for {stop.waits}" + (f" → {stop.fix}" if stop.fix else "")
        for stop in found
    }


def test_a_change_that_is_everywhere_whole(told: Travelled) -> None:
    page = shown(passage(told.world(), told.built))
    assert re.sub("@[0-9a-f]{7}", "@COMMIT.", page.replace(told.built[:7], "FEATURE")) == (
        """\
FEATURE “feat(shelf): weekly repayments”      Ada, in main

  ✓ candidate   0.2.0-rc.1
  ✓ release     0.2.0, of FEATURE
  ✓ chart       charts@COMMIT.       since 2026-01-01 00:03 UTC
  ✓ vendored    deployments@COMMIT.  since 2026-01-01 00:02 UTC
  ✓ staging     state 1              since 2026-01-01 00:03 UTC
  ✓ qa          state 1              since 2026-01-01 00:04 UTC
  ✓ production  state 1              since 2026-01-01 00:06 UTC"""
    )


def test_the_same_for_a_program(told: Travelled, capsys: pytest.CaptureFixture[str]) -> None:
    new = told.change("fix: cents")
    assert where(told.world(), [new[:9]], as_json=True) == ""
    page = json.loads(capsys.readouterr().out)
    assert (page["commit"], page["subject"], page["branch"]) == (new, "fix: cents", "main")
    assert page["stops"][0] == {
        "name": "candidate",
        "there": False,
        "waits_for": "the next candidate",
        "next": "doit release",
        "trouble": None,
    }
    where(told.world(), [told.built], as_json=True)
    found = {stop["name"]: stop for stop in json.loads(capsys.readouterr().out)["stops"]}
    assert found["candidate"]["candidates"] == [
        {"version": "0.2.0-rc.1", "commit": told.built, "tagged": True}
    ]
    assert (found["release"]["tag"], found["release"]["commit"]) == ("0.2.0", told.built)
    assert found["chart"]["commit"] == told.charts.at()
    assert (found["production"]["state"], found["production"]["since"]) == (
        1,
        "2026-01-01T00:06:00Z",
    )


def test_a_change_on_its_way_waits_for_one_thing_after_the_other(told: Travelled) -> None:
    new = told.change("fix: cents")
    rest = {
        "vendored": "waits for the chart",
        "staging": "waits for the vendored chart",
        "qa": "waits for staging",
        "production": "waits for qa",
    }
    assert stops(told, new) == {
        "candidate": "waits for the next candidate → doit release",
        "release": "waits for a candidate",
        "chart": "waits for a release",
        **rest,
    }
    commit = told.candidate("0.2.1")
    human = "waits for a human, who merges the promotion of 0.2.1-rc.1 → doit approve:release"
    assert stops(told, new) == {
        "candidate": "0.2.1-rc.1",
        "release": human,
        "chart": "waits for a release",
        **rest,
    }
    told.promote("0.2.1")
    merged = "waits for its publication, merged by Grace → doit release"
    assert stops(told, new)["release"] == merged
    told.publish("0.2.1", commit)
    begin = {"candidate": "0.2.1-rc.1", "release": f"0.2.1, of {commit[:7]}"}
    bump = "waits for the bump to 0.2.1 → doit release"
    assert stops(told, new) == {**begin, "chart": bump, **rest}
    told.bump("0.2.1")
    begin["chart"] = "charts"
    flight = {"vendored": "waits for the chart's testflight → doit release"}
    assert stops(told, new) == {**rest, **begin, **flight}
    told.vendor()
    begin["vendored"] = "deployments"
    due = {"staging": "waits for its deployment → doit deploy:staging"}
    assert stops(told, new) == {**rest, **begin, **due}
    told.record("staging")
    due = {"staging": "state 2", "qa": "waits for its deployment → doit deploy:qa"}
    assert stops(told, new) == {**rest, **begin, **due}
    told.record("qa")
    done = {"staging": "state 2", "qa": "state 2"}
    closed = {"production": "waits for a human → doit approve:production"}
    assert stops(told, new) == {**begin, **done, **closed}
    gate = told.deployments.at()
    told.gate(gate)
    ready = {"production": "waits for its deployment → doit deploy:production"}
    assert stops(told, new) == {**begin, **done, **ready}
    told.record("production", start=gate)
    assert stops(told, new) == {**begin, **done, "production": "state 2"}
    # The release before is there as well, since its own day.
    assert stops(told, told.source.at("refs/tags/0.2.0"))["production"] == "state 1 (now 2)"


def test_without_a_gates_branch_no_gate_is_open(told: Travelled) -> None:
    new = told.change("fix: cents")
    told.publish("0.2.1", new)
    told.bump("0.2.1")
    told.vendor()
    told.record("staging")
    told.record("qa")
    told.deployments.point("refs/heads/cepler-gates", "")
    assert stops(told, new)["production"] == "waits for a human → doit approve:production"


def test_an_environment_that_was_never_deployed_keeps_the_next_one_waiting(
    told: Travelled,
) -> None:
    names = {f".cepler/shop/{name}.state": None for name in ("staging", "qa", "production")}
    told.deployments.commit("forget", names)
    found = stops(told, told.built)
    assert [found[name] for name in ("staging", "qa", "production")] == [
        "waits for its deployment → doit deploy:staging",
        "waits for staging",
        "waits for qa",
    ]


def test_what_was_taken_back_is_not_there(told: Travelled) -> None:
    first = told.source.at("refs/tags/0.1.0")
    told.charts.commit("revert", {"charts/shop/values.yaml": values({}, first[:7])})
    told.vendor()
    told.record("staging")
    found = stops(told, told.built)
    assert found["chart"] == "waits for the bump to 0.2.0 → doit release"
    assert found["vendored"] == "waits for the chart"
    assert found["staging"] == "waits for the vendored chart"
    assert found["qa"] == "state 1"


def test_a_reservation_counts_as_a_candidate(told: Travelled) -> None:
    new = told.change("fix: cents")
    told.source.point("refs/slipway/candidates/0.2.1-rc.3", new)
    assert stops(told, new)["candidate"] == "0.2.1-rc.3 (reserved)"


def test_later_candidates_and_releases_are_not_named(told: Travelled) -> None:
    new = told.change("fix: cents")
    told.source.point("refs/tags/0.3.0-rc.1", new)
    told.source.point("refs/tags/0.3.0", new)
    assert stops(told, told.built)["candidate"] == "0.2.0-rc.1"
    assert stops(told, told.built)["release"] == f"0.2.0, of {told.built[:7]}"
    assert stops(told, new)["candidate"] == "0.3.0-rc.1"


def test_half_a_release_in_the_chart_is_none(told: Travelled) -> None:
    """One image was bumped by hand, the other one still comes from before."""
    new = told.change("fix: cents")
    text = values(told.digests, told.built[:7]).replace(told.built[:7], new[:7], 1)
    told.charts.commit("by hand", {"charts/shop/values.yaml": text})
    assert stops(told, new)["chart"] == "waits for a release"
    assert stops(told, told.built)["chart"] == "charts"


def test_a_remote_that_cannot_be_read_leaves_the_rest(told: Travelled) -> None:
    shutil.rmtree(told.deployments.path)
    found = {stop.name: stop for stop in passage(told.world(), told.built).stops}
    assert found["chart"].value
    for name in ("vendored", "staging", "qa", "production"):
        assert "the remote cannot be read" in found[name].trouble
    assert "? staging     not known: " in shown(passage(told.world(), told.built))


@pytest.mark.parametrize("name", ["0.2.0", "0.2.0-rc.1", "COMMIT", "SHORT", "UPPER"])
def test_a_commit_may_be_named_in_many_ways(told: Travelled, name: str) -> None:
    said = {
        "COMMIT": told.built,
        "SHORT": told.built[:4],
        "UPPER": told.built[:12].upper(),
    }.get(name, name)
    assert passage(told.world(), said).commit == told.built


@pytest.mark.parametrize(
    ("name", "back"), [("HEAD", 0), ("@", 0), ("main", 0), ("HEAD~1", 1), ("main^", 1), ("@~2", 2)]
)
def test_any_revision_may_be_named(told: Travelled, name: str, back: int) -> None:
    ids = g.lines("rev-list", "--first-parent", "main", repo=told.source.path)
    assert passage(told.world(), name).commit == ids[back]


def test_head_of_a_work_tree_is_its_own(told: Travelled, tmp_path: Path) -> None:
    """A source that is a work tree has a HEAD of its own, on whatever branch somebody works."""
    tree = tmp_path / "work"
    g.git("clone", "--quiet", "--", str(told.source.path), str(tree))
    g.git("checkout", "--quiet", "-b", "topic", "HEAD~1", repo=tree)
    file = told.root / "pipeline.yml"
    file.write_text(file.read_text().replace("world/source.git", str(tree)))
    there = g.text("rev-parse", "HEAD", repo=tree)
    assert passage(told.world(), "HEAD").commit == there
    who = g.identity("Ada", "ada@example.org", "1767300000 +0000")
    g.git("commit", "--quiet", "--allow-empty", "-m", "feat: not yet", repo=tree, env=who)
    with pytest.raises(Failed, match="“feat: not yet” is not merged into main yet"):
        passage(told.world(), "HEAD")


def test_head_elsewhere_is_that_of_the_branch_that_is_followed(told: Travelled) -> None:
    """Which commit a bare repository elsewhere checks out first is nobody's question."""
    side = told.source.commit("feat: on the side", {"x": "x"}, ref="refs/heads/side")
    world = told.world()
    source = Sides(world)["source"]
    assert meant(source, "HEAD", "") == source.head
    assert meant(source, "side", "") == side


def test_a_pull_request_may_be_named(told: Travelled) -> None:
    merge = told.source.at()
    assert passage(told.world(), "#1").commit == merge
    squashed = told.change("feat: a squashed one (#12)")
    told.change("fix: what #12 broke (#13)")
    assert passage(told.world(), "#12").commit == squashed
    with pytest.raises(WrongUsage, match="no commit of main names pull request #3"):
        passage(told.world(), "#3")
    told.change("feat: the same number (#12)")
    with pytest.raises(WrongUsage, match="2 commits name pull request #12"):
        passage(told.world(), "#12")


def test_what_is_not_merged_yet(told: Travelled) -> None:
    side = told.source.commit("feat: on the side", {"x": "x"}, ref="refs/heads/side")
    with pytest.raises(Failed, match=r"“feat: on the side” is not merged into main yet") as caught:
        passage(told.world(), side)
    assert caught.value.detail == ("it is in side",)


def test_a_commit_that_nobody_has(told: Travelled) -> None:
    for name in (
        "feedface",
        "nowhere",
        "HEAD~99",
        "main^{tree}x",
        "main..HEAD",
        "HEAD:cepler.yml",
        "xHEAD",
    ):
        with pytest.raises(WrongUsage, match=f"the source has no commit {re.escape(name)}"):
            passage(told.world(), name)


def test_an_abbreviation_of_several_commits(told: Travelled) -> None:
    stream = "".join(
        f"commit refs/heads/many\ncommitter A <a@b> {1767230000 + number} +0000\ndata 1\nx\n"
        for number in range(2000)
    )
    g.git("fast-import", "--quiet", repo=told.source.path, stdin=stream.encode())
    ids = sorted(g.lines("rev-list", "refs/heads/many", repo=told.source.path))
    twice = next(a[:4] for a, b in itertools.pairwise(ids) if a[:4] == b[:4])
    with pytest.raises(WrongUsage, match=rf"{twice} is the beginning of \d commits") as caught:
        passage(told.world(), twice)
    assert len(caught.value.detail) >= 2
    assert caught.value.fix == "type more of it"


@pytest.mark.parametrize("name", ["-x", "--all", "", "a\nb", "#0", "../x", "a..b"])
def test_what_is_no_name_is_refused(told: Travelled, name: str) -> None:
    with pytest.raises(WrongUsage):
        passage(told.world(), name)


@pytest.mark.parametrize("names", [[], ["a", "b"]])
def test_one_commit_is_asked_about(told: Travelled, names: list[str]) -> None:
    with pytest.raises(WrongUsage, match="name one commit"):
        where(told.world(), names)


def test_without_its_source_nothing_is_known(told: Travelled) -> None:
    shutil.rmtree(told.source.path)
    with pytest.raises(SlipwayError, match="the remote cannot be read"):
        passage(told.world(), told.built)


def test_without_a_chart_the_way_ends_at_the_release(told: Travelled) -> None:
    file = told.root / "pipeline.yml"
    text = file.read_text()
    file.write_text(text[: text.index("chart:\n")] + "environments: {}\n")
    assert list(stops(told, told.built)) == ["candidate", "release"]
