"""A human opens a gate: for what is shown, with who and why, and with no other gate touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import approve, gates
from tasks.deploy.gates import Opening
from tasks.kernel import git as g
from tasks.kernel import journal, remotes
from tasks.kernel.errors import Failed, WrongUsage
from tasks.promotion import head
from tasks.promotion.engine import gate_commit, gates_at
from tasks.promotion.wanted import key_of, state_in, wanted_by
from tests.promotion.line import FILES, Line, Remote

CHART = {
    "modules/app/chart/Chart.yaml": "name: app\nversion: 0.1.0\nappVersion: 1.10\n",
    "modules/app/chart/values.yaml": "image: {digest: 'sha256:aaa'}\n",
}
SETTINGS = """\
chart: {path: charts/app, images: {server: image.digest}}
deployments: {vendored: modules/app/chart}
testflight: {}
environments:
  staging: {}
  qa: {passed: staging}
  production: {passed: qa, gate: true}
"""


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line after staging and qa have had everything."""
    monkeypatch.setattr(journal, "effect", lambda *_: None)  # it goes to the checkout's own log
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", {**FILES, **CHART})
    line = Line(tmp_path / "tree", remote, SETTINGS)
    line.step("staging")
    line.step("qa")
    return line


def say_yes(line: Line, **more: Any) -> None:
    told: dict[str, Any] = {"by": "Grace", "why": "looks right", **more}
    approve.approve("production", line.world, **told)
    line.look()


def gates_of(line: Line) -> dict[str, str]:
    return gates_at(line.remote.path, "refs/heads/cepler-gates", "gates.yml")


def test_what_was_shown_may_be_deployed(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    shown_head = head.head_of(line.world).commit
    say_yes(line)
    out = capsys.readouterr().out
    assert f"production would get main at {shown_head[:12]} (it was never deployed)" in out
    assert "chart    app 0.1.0" in out
    assert "app      1.10" in out
    assert "sha256:aaa" in out
    assert "+ modules/app/main.tf" in out
    assert "first" in out
    assert f"Approved by Grace: production may have {shown_head[:12]}" in out
    assert "next     doit deploy:production" in out
    assert gates_of(line)["production"] == shown_head
    line.promote("production")


def test_the_commit_says_who_why_and_what(line: Line) -> None:
    say_yes(line, why="two\nlines  of it")
    line.promote("production")
    state = state_in(wanted_by(line.world, "production"))
    told = line.remote.message("cepler-gates").split("\n\n")
    assert told[0].startswith("ci(gates): production may have ")
    assert told[1].splitlines() == [
        "Approved-by: Grace",
        "Reason: two lines of it",
        f"Slipway-State: {key_of(state.hashes())}",
        "Slipway-Release: 1.10",
        "Slipway-Chart: app 0.1.0",
        "Slipway-Digest: server sha256:aaa",
    ]


def test_the_first_gate_makes_a_branch_of_its_own_that_cepler_can_read(line: Line) -> None:
    say_yes(line)
    branch = "refs/heads/cepler-gates"
    assert g.lines("rev-list", branch, "--", repo=line.remote.path) == [
        line.remote.at("cepler-gates")
    ]
    known = gates_of(line)
    assert gate_commit(line.remote.path, known, "staging") is None
    assert gate_commit(line.remote.path, known, "qa") is None


def test_other_gates_and_files_and_comments_stay(line: Line) -> None:
    old = line.remote.at()
    before = f"# by hand\nother: {old}\nproduction: {'1' * 40} # old\nqa: {old}\n"
    line.remote.commit("by hand", {"gates.yml": before, "README": "x"}, branch="cepler-gates")
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    line.look()
    opening = Opening("production", line.remote.at(), "1" * 40, "open\n")
    gates.set_gate(line.world, opening)
    assert line.remote.file("gates.yml", "cepler-gates") == (
        f"# by hand\nother: {old}\nproduction: {line.remote.at()}\nqa: {old}\nstaging: HEAD\n"
    )
    assert line.remote.file("README", "cepler-gates") == "x"


def test_a_file_in_another_form_of_yaml_is_written_anew(line: Line) -> None:
    line.remote.commit("flow", {"gates.yml": "{staging: HEAD, qa: HEAD}\n"}, branch="cepler-gates")
    line.look()
    say_yes(line)
    assert gates_of(line) == {"staging": "HEAD", "qa": "HEAD", "production": line.remote.at()}


def test_another_environment_with_a_gate_is_not_opened_along(line: Line) -> None:
    text = (line.folder / "pipeline.yml").read_text()
    line.configure(text.replace("qa: {passed: staging}", "qa: {passed: staging, gate: true}"))
    line.look()
    say_yes(line)
    assert sorted(gates_of(line)) == ["production", "staging"]


def test_a_gate_of_another_environment_set_at_the_same_moment_is_kept(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, pushed = remotes.push, list[str]()
    held = {"gates.yml": f"qa: {line.remote.at()}\n"}

    def slower(*args: Any) -> None:
        if not pushed:
            pushed.append(line.remote.commit("theirs", held, branch="cepler-gates"))
        push(*args)

    monkeypatch.setattr(remotes, "push", slower)
    say_yes(line)
    known = gates_of(line)
    assert (known["qa"], known["staging"]) == (held["gates.yml"].split()[1], "HEAD")
    assert known["production"] == line.remote.at()


def test_the_same_gate_set_by_somebody_else_meanwhile_is_not_overwritten(line: Line) -> None:
    opening = Opening("production", line.remote.at(), "", "open\n")
    theirs = {"gates.yml": f"production: {line.remote.commit('later', {'x': 'y'})}\n"}
    line.remote.commit("theirs", theirs, branch="cepler-gates")
    with pytest.raises(Failed, match="somebody else has just set the gate of production"):
        gates.set_gate(line.world, opening)
    assert line.remote.file("gates.yml", "cepler-gates") == theirs["gates.yml"]


def test_saying_yes_twice_changes_nothing(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    say_yes(line)
    before = line.remote.at("cepler-gates")
    say_yes(line)
    assert "production may have this already" in capsys.readouterr().out
    assert line.remote.at("cepler-gates") == before


def test_a_newer_head_needs_a_newer_yes(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    say_yes(line)
    line.step("production")
    values = {"production/values.yml": "replicas: 2\n", "production/main.tf": None}
    line.remote.commit("more of it", values)
    line.look()
    capsys.readouterr()
    say_yes(line)
    out = capsys.readouterr().out
    assert "+ production/values.yml" in out
    assert "- production/main.tf" in out
    assert "more of it" in out
    assert "+replicas: 2" in out
    assert "modules/app/main.tf" not in out
    assert line.promote("production").startswith("2 files differ")


def test_a_change_of_the_chart_is_shown_against_what_runs(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    say_yes(line)
    line.step("production")
    line.remote.commit(
        "vendor",
        {
            "modules/app/chart/Chart.yaml": "name: app\nversion: 0.1.1\nappVersion: 1.11\n",
            "modules/app/chart/values.yaml": "image: {digest: 'sha256:bbb'}\n",
        },
    )
    line.step("staging")
    line.step("qa")
    capsys.readouterr()
    say_yes(line)
    out = capsys.readouterr().out
    assert "chart    app 0.1.1 (was 0.1.0)" in out
    assert "app      1.11 (was 1.10)" in out
    assert "sha256:bbb  new" in out


def test_every_commit_since_what_is_there_is_shown(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not only the last one of each file: it would hide what came before."""
    say_yes(line)
    line.look()
    line.promote("production")
    line.record("production")
    at = line.remote.at()
    line.remote.commit("feat: open the firewall\n\nto all", {"production/main.tf": "# open\n"})
    line.remote.commit("docs: of no concern", {"README": "x\n"})
    line.remote.commit("docs: a comment\x01", {"production/main.tf": "# open\n# so\n"})
    line.look()
    capsys.readouterr()
    say_yes(line)
    shown = capsys.readouterr().out.partition("commits\n")[2].partition("files\n")[0]
    assert [one.split("  ")[-1] for one in shown.splitlines()] == [
        "docs: a comment",
        "feat: open the firewall",
    ]
    assert at[:7] not in shown


def test_nothing_new_is_nothing_to_approve(line: Line) -> None:
    say_yes(line)
    line.step("production")
    with pytest.raises(Failed, match="nothing is new for production"):
        say_yes(line)


def test_nothing_goes_past_the_environment_before(tmp_path: Path) -> None:
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES)
    line = Line(tmp_path / "tree", remote)
    line.look()
    with pytest.raises(Failed, match="cannot have anything before qa has had it") as caught:
        say_yes(line)
    assert caught.value.fix == "doit deploy:qa"


@pytest.mark.parametrize("said", [{"by": ""}, {"why": ""}, {"by": "", "why": ""}])
def test_who_and_why_must_be_said_where_nobody_can_be_asked(
    line: Line, said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(WrongUsage, match="must be said") as caught:
        say_yes(line, **said)
    assert "doit approve:production --by=NAME" in caught.value.fix
    assert line.remote.at("cepler-gates") == ""


def test_a_name_cannot_smuggle_in_a_trailer(line: Line) -> None:
    for by, said in (("Grace <x>", "no name has"), ("Grace\x07", "a control character")):
        with pytest.raises(WrongUsage, match=said):
            say_yes(line, by=by)
    say_yes(line, by="Grace\nSlipway-State: 0")
    assert "\nSlipway-State: 0" not in line.remote.message("cepler-gates")
