"""Why a task would run, and what an environment has not, from the deployments to the source."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tasks.desk.behind import Behind, behind
from tasks.desk.walk import Step
from tasks.desk.why import Answer, _environment, lines_of
from tasks.kernel.effects import Foreseen
from tests.desk.test_trace import everything
from tests.desk.travelled import VENDORED, Travelled, everywhere
from tests.journeys.conftest import At


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    """A world in which 0.2.1, with two changes, has got as far as staging."""
    told = everywhere(tmp_path_factory.mktemp("travelled") / "shop")
    told.change("fix: rounding of half cents (#12)")
    side = told.source.commit("feat: a shelf", {"shelf": "1\n"}, ref="refs/heads/topic")
    words = "Merge pull request #13 from topic\n\nfeat: a greener shelf\n"
    told.source.commit(words, {"shelf": "1\n"}, merged=side)
    told.source.commit("docs: how to shop", {"README.md": "Shop here.\n"})
    commit = told.candidate("0.2.1")
    told.promote("0.2.1")
    told.publish("0.2.1", commit)
    told.bump("0.2.1")
    told.vendor()
    told.record("staging")
    told.deployments.commit("louder", {"qa/main.tf": "# loud\n"})
    return told


@pytest.fixture
def told(once: Travelled, tmp_path: Path) -> Travelled:
    return once.copy(tmp_path / "shop")


def page(found: Behind) -> str:
    return re.sub(r"\b[0-9a-f]{7}\b", "COMMIT.", "\n".join(_environment(found)))


def test_what_an_environment_has_not_is_followed_back_to_the_source(told: Travelled) -> None:
    before = everything(told.root / "world")
    assert page(behind(told.world(), "qa")) == (
        """\
qa (state 1, since 2026-01-01 00:04 UTC): behind by 4 files      → doit deploy:qa

  deployments@COMMIT.  louder      2026-01-01 00:09 UTC
    changed qa/main.tf

  deployments@COMMIT.  ci(vendir): COMMIT.      2026-01-01 00:07 UTC
    changed 3 files in modules/shop/vendor/shop/chart
    vendored from charts@COMMIT.
    bumped for release 0.2.1 (it has 0.2.0), which brings
      COMMIT. docs: how to shop
      COMMIT. feat: a greener shelf        (#13)
      COMMIT. fix: rounding of half cents  (#12)
    staging has had that since 2026-01-01 00:08 UTC (state 2)"""
    )
    assert everything(told.root / "world") == before


def test_the_same_for_a_program(told: Travelled) -> None:
    found = behind(told.world(), "qa").plain()
    assert (found["environment"], found["state"]) == ("qa", 1)
    assert json.loads(json.dumps(found))["command"] == "doit deploy:qa"
    own, copied = found["brought"]
    assert (own["files"], own["passed"], own["chart"]) == (("qa/main.tf",), "", None)
    assert copied["commit"] == told.deployments.at("refs/heads/main~2")
    assert (copied["passed"], copied["state"]) == ("staging", 2)
    chart = copied["chart"]
    assert (chart["commit"], chart["release"], chart["before"]) == (
        told.charts.at(),
        "0.2.1",
        "0.2.0",
    )
    assert [one["pull"] for one in chart["changes"]] == [0, 13, 12]
    assert chart["changes"][0]["commit"] == told.built


def test_what_has_everything_is_up_to_date(told: Travelled) -> None:
    says = "staging (state 2, since 2026-01-01 00:08 UTC): up to date"
    assert page(behind(told.world(), "staging")) == says


def test_what_was_never_deployed_gets_every_file(told: Travelled) -> None:
    told.deployments.commit("forget", {".cepler/shop/staging.state": None})
    found = behind(told.world(), "staging")
    assert (found.state, found.since) == (0, "")
    assert {file for one in found.brought for file in one.files} == {
        "staging/main.tf",
        *(f"{VENDORED}/{name}" for name in ("Chart.yaml", "values.yaml", "templates/server.yaml")),
    }
    assert behind(told.world(), "qa").brought == ()
    assert page(behind(told.world(), "qa")).endswith("waits for staging")


def test_an_older_chart_takes_back_what_the_newer_one_has_brought(told: Travelled) -> None:
    told.vendor(told.charts.at("refs/heads/main~1"))
    [copied] = behind(told.world(), "staging").brought
    assert copied.chart
    assert (copied.chart.release, copied.chart.before, copied.chart.back) == (
        "0.2.0",
        "0.2.1",
        True,
    )
    assert [change.pull for change in copied.chart.changes] == [0, 13, 12]
    assert "which takes back" in page(behind(told.world(), "staging"))


def test_a_file_that_is_gone_is_told_of_the_commit_that_removed_it(told: Travelled) -> None:
    gone = f"{VENDORED}/templates/server.yaml"
    commit = told.deployments.commit("no server", {gone: None})
    told.deployments.commit("quieter", {"staging/main.tf": "# quiet\n"})
    quieter, removed = behind(told.world(), "staging").brought
    assert (quieter.subject, quieter.files, quieter.chart) == (
        "quieter",
        ("staging/main.tf",),
        None,
    )
    assert (removed.commit, removed.files) == (commit, (gone,))
    assert "with release 0.2.1, as before" in page(behind(told.world(), "staging"))


def test_each_commit_is_told_with_the_files_that_it_changed(told: Travelled) -> None:
    """The last one of a file does not stand for those before it."""
    for words in ("quiet", "quieter"):
        told.deployments.commit(words, {"staging/main.tf": f"# {words}\n"})
    found = [(one.subject, one.files) for one in behind(told.world(), "staging").brought]
    assert found == [("quieter", ("staging/main.tf",)), ("quiet", ("staging/main.tf",))]


def test_what_cannot_be_read_leaves_the_rest(told: Travelled) -> None:
    told.source.path.rename(told.source.path.with_name("away.git"))
    found = page(behind(told.world(), "qa"))
    assert "bumped for release 0.2.1 (it has 0.2.0)\n    what that brings is not known: " in found
    assert "staging has had that since" in found


def test_a_stage_says_what_it_would_run_for(at: At) -> None:
    project = at("released")
    project.commit("fix: a greener shelf", {"web/index.html": "<h1>green</h1>\n"})
    run = project.doit("why", "check:web", "push:web", "source", "where", "publish")
    assert run.code == 0, run.err
    check, push, source, where, publish = run.out.strip().split("\n\n")
    assert check == "check:web would run, because\n  the head's web changes"
    assert "and change outside: push web:0.2.1-rc.1 and edge  (web:0.2.1-rc.1 is not" in push
    assert source == "source observes: it runs each time"
    assert where == "where is a command: it runs when somebody asks for it"
    assert re.fullmatch("publish is up to date, as it stands since .* UTC", publish)


def test_a_group_says_it_of_its_members_and_a_gate_of_itself(at: At) -> None:
    project = at("waiting")
    before = everything(project.folder)
    run = project.doit("why", "release", "--json")
    assert run.code == 0, run.err
    found = {one["name"]: one for one in json.loads(run.out)}
    assert "promote" in found
    assert all(one["environment"] is None for one in found.values())
    left = {name: at for name, at in everything(project.folder).items() if ".doit.db" not in name}
    assert left == {name: at for name, at in before.items() if ".doit.db" not in name}


def test_what_does_not_run_says_what_it_would_not_come_past() -> None:
    gate = Step("promotion:qa", "waits", (), Foreseen("qa waits\ndoit approve:qa", waits=True))
    blocked = Answer(Step("deploy:qa", "blocked"), False, (gate,), "", None)
    assert lines_of(blocked) == [
        "deploy:qa would not run, because",
        "  promotion:qa waits: qa waits",
        "  doit approve:qa",
    ]
    assert lines_of(Answer(gate, False, (), "", None)) == [
        "promotion:qa waits: qa waits",
        "doit approve:qa",
    ]


def test_what_is_no_task_is_refused(at: At) -> None:
    project = at("seeded")
    wrong = project.doit("why", "relaese")
    assert wrong.code == 3
    assert "relaese is not a task (did you mean release?)" in wrong.err
    assert project.doit("why").code == 3
