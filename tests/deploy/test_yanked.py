"""A yanked release and the ways to an environment: at its gate, back to it, and held at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import approve, hold
from tasks.desk import environments
from tasks.kernel import git as g
from tasks.kernel import journal
from tasks.kernel.actions import Gate
from tasks.kernel.errors import Failed, WrongUsage
from tests.promotion.line import FILES, Line, Remote

from .test_decisions import SETTINGS

WHO: dict[str, Any] = {"by": "Grace", "why": "I looked"}
CHART = "modules/app/chart/Chart.yaml"


def chart(version: str) -> dict[str, str | None]:
    return {CHART: f"name: app\nversion: 0.1.0\nappVersion: {version}\n"}


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line after staging has had 0.1.0, 0.2.0 and 0.3.0, in states 1 to 3."""
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", {**FILES, **chart("0.1.0")})
    line = Line(tmp_path / "tree", remote, SETTINGS)
    line.step("staging")
    for version in ("0.2.0", "0.3.0"):
        remote.commit(version, chart(version))
        line.step("staging")
    return line


def yank(line: Line, tag: str, message: str = "By: Hal\nWhy: it loses data") -> None:
    """Set the ref on the deployments remote, as `withdraw` or a person does."""
    repo = line.remote.path
    tree = g.text("hash-object", "-t", "tree", "-w", "--stdin", repo=repo, stdin=b"")
    who = g.identity("Ada", "ada@example.org", "1767225600 +0000")
    told = f"yank\n\n{message}\n".encode()
    commit = g.text("commit-tree", tree, "-F", "-", repo=repo, env=who, stdin=told)
    g.git("update-ref", f"refs/slipway/yanked/{tag}", commit, repo=repo)
    line.look()


def waits(line: Line, name: str) -> Gate:
    with pytest.raises(Gate) as told:
        line.promote(name)
    return told.value


def standing(line: Line, name: str) -> tuple[str, str]:
    line.look()
    [found] = [one for one in environments.standings(line.world) if one.name == name]
    return found.says, found.command


def held(line: Line) -> str:
    return g.text("for-each-ref", "refs/slipway/holds/", repo=line.remote.path)


# back


def test_the_way_back_leaves_out_what_was_yanked_and_says_so(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    yank(line, "0.2.0")
    hold.rollback("staging", line.world, **WHO)
    out = capsys.readouterr().out
    assert "left out state 2: 0.2.0 is yanked by Hal: it loses data\n" in out
    assert "staging would go back from state 3 to state 1" in out
    line.look()
    assert line.promote("staging").startswith("back to an earlier state")


def test_where_all_were_yanked_one_has_to_be_named(line: Line) -> None:
    yank(line, "0.2.0")
    yank(line, "0.1.0", "")
    with pytest.raises(Failed, match="release of each earlier state of staging was yanked") as no:
        hold.rollback("staging", line.world, **WHO)
    assert no.value.detail == (
        "state 2: 0.2.0 is yanked by Hal: it loses data",
        "state 1: 0.1.0 is yanked by ?: no reason is given",
    )
    assert "--to=STATE" in no.value.fix
    assert held(line) == ""


@pytest.mark.parametrize("how", ["--to", "to="])
def test_one_that_is_named_is_shown_and_takes_a_yes_of_its_own(
    line: Line, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    yank(line, "0.2.0")
    said: dict[str, Any] = {"to": "2"} if how == "--to" else {}
    if how == "to=":
        monkeypatch.setattr("doit.get_var", lambda name, _=None: {"to": "2"}.get(name))
    with pytest.raises(WrongUsage, match="a yes must be said") as no:
        hold.rollback("staging", line.world, **WHO, **said)
    assert no.value.fix == "doit rollback:staging --to=2 --yes"
    assert "app      0.2.0 (is 0.3.0)\n         yanked by Hal: it loses data" in (
        capsys.readouterr().out
    )
    assert held(line) == ""
    hold.rollback("staging", line.world, **WHO, **said, yes=True)
    line.look()
    assert line.promote("staging").startswith("back to an earlier state")
    assert standing(line, "staging")[1] == "doit deploy:staging"


def test_without_a_yank_no_yes_is_asked_for(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    hold.rollback("staging", line.world, **WHO)
    out = capsys.readouterr().out
    assert "from state 3 to state 2" in out
    assert "yanked" not in out
    assert "left out" not in out


def test_a_yank_after_the_hold_stops_it(line: Line) -> None:
    hold.rollback("staging", line.world, **WHO)
    yank(line, "0.2.0")
    told = waits(line, "staging")
    assert "0.2.0 is yanked by Hal: it loses data (back to an earlier state" in told.what
    assert told.fix == ("doit rollback:staging chooses another state, doit resume:staging goes on")
    says, command = standing(line, "staging")
    assert "0.2.0 is yanked by Hal: it loses data" in says
    assert command == told.fix
    hold.rollback("staging", line.world, **WHO)
    line.look()
    line.promote("staging")
    line.record("staging")
    assert waits(line, "staging").fix == "doit resume:staging"


def test_what_it_is_held_at_and_has_already_stays(line: Line) -> None:
    hold.rollback("staging", line.world, **WHO)
    line.look()
    line.promote("staging")
    line.record("staging")
    yank(line, "0.2.0")
    assert "staging is held at state 2" in waits(line, "staging").what


# on


@pytest.mark.parametrize(
    ("tag", "message", "by"),
    [
        ("0.3.0", "By: Hal\nWhy: it loses data", "Hal: it loses data"),
        ("v0.3.0", "", "?: no reason is given"),
        ("0.3.0", "Version: 9.9.9", "?: no reason is given"),  # somebody's own commit
    ],
)
def test_a_ref_set_by_hand_on_the_deployments_alone_counts_by_its_name(
    line: Line, tag: str, message: str, by: str
) -> None:
    yank(line, tag, message)
    told = waits(line, "qa")
    assert f"0.3.0 is yanked by {by}" in told.what
    assert told.fix == "a fix is the next release: push it, then doit release"


def test_another_release_is_not_meant(line: Line) -> None:
    yank(line, "0.3.0.1", "Version: 0.3.0")
    yank(line, "10.3.0", "Version: 0.3.0")
    assert line.promote("qa").startswith("never deployed")


def test_a_gate_opens_for_nothing_that_was_yanked(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.step("qa")
    yank(line, "0.3.0")
    told = waits(line, "production")
    assert "0.3.0 is yanked by Hal: it loses data (production waits for a human" in told.what
    assert told.fix == "a fix is the next release: push it, then doit release"
    says, command = standing(line, "production")
    assert "0.3.0 is yanked by Hal: it loses data" in says
    assert command == told.fix
    with pytest.raises(Failed, match=r"brings 0\.3\.0, which is yanked by Hal: it ") as no:
        approve.approve("production", line.world, **WHO)
    assert no.value.fix == told.fix
    assert line.remote.at("cepler-gates") == ""
    assert "Approved" not in capsys.readouterr().out


def test_approved_and_then_yanked_it_waits_and_asks_nobody_again(line: Line) -> None:
    line.step("qa")
    approve.approve("production", line.world, **WHO)
    yank(line, "0.3.0")
    told = waits(line, "production")
    assert "0.3.0 is yanked by Hal" in told.what
    assert standing(line, "production")[1] == told.fix


def test_other_changes_are_approved_with_a_word_about_it(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.step("qa")
    approve.approve("production", line.world, **WHO)
    line.step("production")
    yank(line, "0.3.0")
    line.remote.commit("louder", {"production/main.tf": "# loud\n"})
    line.look()
    assert waits(line, "production").fix == "doit approve:production"
    capsys.readouterr()
    approve.approve("production", line.world, **WHO)
    assert "app      0.3.0\n         yanked by Hal: it loses data\n" in capsys.readouterr().out
    line.look()
    assert line.promote("production") == "1 file differs: production/main.tf"
