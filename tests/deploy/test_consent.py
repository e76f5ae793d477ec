"""A yes is for exactly what was shown: nothing that comes up later passes on the strength of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.deploy import approve
from tasks.desk import environments
from tasks.kernel.actions import Gate
from tasks.promotion import answers, due, head
from tests.deploy.place import MODULE, Place
from tests.deploy.test_decisions import begun, says_no, says_yes, standing
from tests.promotion.line import CEPLER, FILES, Line, Remote


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line after every environment has had everything."""
    line = begun(tmp_path, monkeypatch)
    for name in ("staging", "qa"):
        line.step(name)
    says_yes(line)
    line.step("production")
    return line


def queue(line: Line, *letters: str) -> None:
    """Take changes of a module through staging and qa, one after the other."""
    for letter in letters:
        change = {"modules/app/main.tf": f"# {letter}\n"}
        line.remote.commit(f"module {letter}", change)
        line.step("staging")
        line.step("qa")


def test_each_step_of_the_queue_asks_for_a_yes_of_its_own(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    queue(line, "b", "c")
    says_yes(line)
    out = capsys.readouterr().out
    assert "module b" in out
    assert "module c" not in out
    assert "behind   one more step waits; it is shown, and asked about, when this one" in out
    assert line.promote("production") == (
        "1 file differs: modules/app/main.tf; one more step waits, and needs a yes of its own"
    )
    line.record("production")
    with pytest.raises(Gate, match="production waits for a human: 1 file differs") as told:
        line.promote("production")
    assert told.value.fix == "doit approve:production"
    assert standing(line, "production")[0] == "behind by 1 file, waits for a human"
    says_yes(line)
    out = capsys.readouterr().out
    assert "module c" in out
    assert "module b" not in out
    assert "behind" not in out
    assert line.promote("production") == "1 file differs: modules/app/main.tf"


def test_a_rule_that_brings_another_file_along_asks_anew(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    wider = CEPLER.replace("latest: [production/*]", "latest: [production/*, staging/values.yml]")
    line.remote.commit("wider", {"cepler.yml": wider})
    line.look()
    with pytest.raises(Gate, match=r"waits for a human: 1 file differs: \+staging/values.yml"):
        line.promote("production")
    capsys.readouterr()
    says_yes(line)
    assert "+ staging/values.yml" in capsys.readouterr().out
    line.promote("production")


def test_a_rule_that_changes_between_yes_and_deployment_takes_the_yes_away(line: Line) -> None:
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    says_yes(line)
    wider = CEPLER.replace("latest: [production/*]", "latest: [production/*, staging/values.yml]")
    line.remote.commit("wider", {"cepler.yml": wider})
    # What `apply` asks under the lock, when the plan is made already.
    verdict = due.judge(line.world, "production", head.ask(line.world))
    assert (verdict.fix, verdict.fact) == ("doit approve:production", None)


def test_a_gate_set_by_hand_lets_through_as_cepler_does_and_that_is_said(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    queue(line, "b", "c")
    says_yes(line)
    line.remote.commit("unrelated", {"README": "x"})
    line.approve("production")  # by hand, after the yes
    assert "its gate was set by hand" in line.promote("production")
    assert standing(line, "production") == (
        "behind by 1 file, gate set by hand",
        "doit deploy:production",
    )
    line.record("production")
    assert "its gate was set by hand" in line.promote("production")
    capsys.readouterr()
    approve.approve("production", line.world, by="Grace", why="why not")
    assert capsys.readouterr().out.startswith(
        "production may have this already: its gate was set by hand, in gates.yml on cepler-gates."
    )


def test_the_head_as_a_gate_is_one_set_by_hand(line: Line) -> None:
    line.approve("production", "HEAD")
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    line.look()
    assert line.promote("production") == (
        "1 file differs: production/main.tf; its gate was set by hand"
    )


def test_gates_of_others_set_by_hand_take_no_yes_away(line: Line) -> None:
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    says_yes(line)
    line.approve("production", line.remote.at(), qa="HEAD")  # the very same, and another
    said = answers.word_on(line.world, head.head_of(line.world).gates, "production")
    assert said
    assert said.yes
    assert line.promote("production") == "1 file differs: production/main.tf"
    assert answers.word_on(line.world, head.head_of(line.world).gates, "qa") is None


def test_a_yes_of_long_ago_is_found(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    says_yes(line)
    at = line.remote.at()
    for number in range(5):
        line.approve("production", at, other=f"{number}" * 40)
    monkeypatch.setattr(answers, "_FAR", 2)
    assert line.promote("production") == "1 file differs: production/main.tf"


def test_after_a_no_nothing_comes_by_the_yes_of_before(line: Line) -> None:
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    says_yes(line)
    says_no(line)
    wider = CEPLER.replace("latest: [production/*]", "latest: [production/*, staging/values.yml]")
    line.remote.commit("wider", {"cepler.yml": wider})
    line.look()
    with pytest.raises(Gate, match="waits for a human: 2 files differ"):
        line.promote("production")


def test_status_says_that_the_next_deployment_goes_back(line: Line) -> None:
    old = line.remote.at()
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    says_yes(line)
    line.step("production")
    assert standing(line, "production") == ("up to date", "")
    line.approve("production", old)
    assert standing(line, "production") == (
        "to go back, 1 file differs: production/main.tf; its gate was set by hand",
        "doit deploy:production",
    )


def test_status_names_a_release_as_it_is_written(line: Line) -> None:
    chart = "name: app\nversion: 0.10\nappVersion: 1.10\n"
    line.remote.commit("chart", {"modules/app/chart/Chart.yaml": chart})
    line.step("staging")
    [found] = [one for one in environments.standings(line.world) if one.name == "staging"]
    assert found.runs == "1.10"
    assert environments._chart_versions(chart.encode()) == "0.10 with 1.10"


def test_what_was_removed_brings_its_commit_and_so_does_a_narrower_rule(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.remote.commit("once", {"production/ä b.tf": "#\n", "production/c.tf": "#\n"})
    says_yes(line)
    line.step("production")
    line.remote.commit("away with it", {"production/ä b.tf": None})
    line.remote.commit("unrelated", {"README": "x"})
    capsys.readouterr()
    says_yes(line)
    out = capsys.readouterr().out
    assert "- production/ä b.tf" in out
    assert "away with it" in out
    assert "unrelated" not in out
    line.step("production")
    rules = CEPLER.replace("latest: [production/*]", "latest: [production/main.tf]")
    line.remote.commit("narrower", {"cepler.yml": rules})
    capsys.readouterr()
    says_yes(line)
    out = capsys.readouterr().out
    assert "- production/c.tf" in out
    assert "narrower" in out


def test_what_is_cut_on_the_screen_stands_in_the_log(tmp_path: Path) -> None:
    remote = Remote(tmp_path / "deployments.git")
    many = {f"production/f{number:02}.tf": "#\n" for number in range(40)}
    remote.commit("first", FILES | many)
    others = Line(tmp_path / "others", remote)
    others.step("staging")
    others.step("qa")
    tree = Place(tmp_path / "tree", remote)
    run = tree.says("production")
    assert run.code == 0, run.err
    assert "… and 12 more: build/logs/approve.production.log" in run.out
    assert "f39.tf" not in run.out
    log = (tree.folder / "build/logs/approve.production.log").read_text()
    assert all(path in log for path in many)
    assert "… and" not in log


@pytest.mark.slow
def test_a_deployment_brings_one_step_for_one_yes(place: Place) -> None:
    assert place.doit("deploy:staging", "deploy:qa").code == 0
    assert place.says("production").code == 0
    assert place.deploy("production").code == 0
    for letter in ("b", "c"):
        place.remote.commit(f"module {letter}", {"modules/app/main.tf": f"{MODULE}# {letter}\n"})
        assert place.doit("deploy:staging", "deploy:qa").code == 0
    assert place.says("production").code == 0
    assert place.deploy("production").code == 0
    records = place.records()
    again = place.deploy("production")
    assert again.code == 4
    assert "production waits for a human" in again.err
    assert place.records() == records
    shown = place.says("production")
    assert "module c" in shown.out
    run = place.deploy("production")
    assert run.code == 0, run.err
