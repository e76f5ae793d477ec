"""`promotion:ENV`: what is due at the gate, what waits and for whom, and when nothing changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.desk import environments
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.actions import Gate
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import UNKNOWN, Forecast
from tasks.promotion import due, head

from .line import FILES, Line, Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    found = Remote(tmp_path / "deployments.git")
    found.commit("first", FILES)
    return found


@pytest.fixture
def line(tmp_path: Path, remote: Remote) -> Line:
    line = Line(tmp_path / "tree", remote)
    line.look()
    return line


def fact(line: Line, name: str) -> dict[str, Any]:
    content = line.fact(name)
    assert content
    found: dict[str, Any] = json.loads(content)
    return found


def waiting(line: Line, name: str) -> Gate:
    with pytest.raises(Gate) as caught:
        line.promote(name)
    return caught.value


def test_the_first_time_everything_is_wanted(line: Line, remote: Remote) -> None:
    assert line.promote("staging") == "never deployed, 3 files"
    told = fact(line, "staging")
    assert sorted(told["files"]) == [
        "{latest}/modules/app/main.tf",
        "{latest}/staging/main.tf",
        "{latest}/staging/values.yml",
    ]
    assert (told["root"], told["head_commit"]) == ("staging", remote.at())
    assert told["commit"] == told["head_commit"]


def test_recording_changes_nothing_of_what_is_wanted(line: Line) -> None:
    line.promote("staging")
    before = line.fact("staging")
    line.record("staging")
    assert line.promote("staging") == "nothing new"
    assert line.fact("staging") == before


def test_a_state_file_of_the_past_that_is_none_blocks_nobody(line: Line, remote: Remote) -> None:
    """Somebody pushed half a file once, and mended it; cepler's walk ends there in an error."""
    line.step("staging")
    path = ".cepler/shop/staging.state"
    good = remote.file(path)
    broken = remote.commit("oops", {path: "current: [\n"})
    mended = remote.commit("mended", {path: good})
    line.look()
    assert line.promote("qa") == "never deployed, 2 files"
    assert fact(line, "qa")["head_commit"] == mended
    told = {one.name: one.more for one in environments.standings(line.world)}
    assert told["staging"] == ()  # what it had itself in between is nobody's question
    [said] = told["qa"]
    assert said.startswith(f"history is followed no further than {broken[:12]}:{path}: ")
    line.record("qa")
    assert line.promote("qa") == "nothing new"


def test_unrelated_commits_change_nothing_of_what_is_wanted(line: Line, remote: Remote) -> None:
    line.step("staging")
    before = line.fact("staging")
    remote.commit("words", {"README": "hello"})
    line.look()
    assert line.promote("staging") == "nothing new"
    assert line.fact("staging") == before


def test_a_configuration_change_reaches_its_environment_only(line: Line, remote: Remote) -> None:
    line.step("staging")
    line.step("qa")
    before = line.fact("qa")
    remote.commit("more", {"staging/values.yml": "replicas: 2\n"})
    line.look()
    assert line.promote("staging") == "1 file differs: staging/values.yml"
    assert line.promote("qa") == "nothing new"
    assert line.fact("qa") == before


def test_what_is_added_and_removed_is_said(line: Line, remote: Remote) -> None:
    line.step("staging")
    remote.commit("other", {"staging/values.yml": None, "staging/b.tf": "#\n"})
    line.look()
    assert line.promote("staging") == "2 files differ: +staging/b.tf, -staging/values.yml"


def test_only_a_mode_changed_is_nothing_new_but_the_mode_is_taken_along(
    line: Line, remote: Remote
) -> None:
    line.step("staging")
    chmod = remote.commit("x", {"modules/app/main.tf": "# 1\n"}, mode="100755")
    line.look()
    assert line.promote("staging") == "nothing new"
    assert fact(line, "staging")["commit"] == chmod


def test_nothing_goes_on_before_the_environment_before_it(line: Line) -> None:
    gate = waiting(line, "qa")
    assert (gate.what, gate.fix) == ("qa waits for staging", "doit deploy:staging")
    assert line.fact("qa") is None
    assert (line.foresee("qa").waits, line.foresee("qa").says) == (True, "qa waits for staging")


def test_a_shared_module_goes_through_staging_to_qa(line: Line, remote: Remote) -> None:
    line.step("staging")
    line.step("qa")
    remote.commit("two", {"modules/app/main.tf": "# 2\n"})
    line.look()
    assert line.promote("qa") == "nothing new"  # staging has not had it
    line.step("staging")
    assert line.promote("qa") == "1 file differs: modules/app/main.tf"
    assert "{staging}/modules/app/main.tf" in fact(line, "qa")["files"]


def test_a_follower_goes_step_by_step_and_says_that_another_waits(
    line: Line, remote: Remote
) -> None:
    line.step("staging")
    line.step("qa")
    for number in (2, 3):
        remote.commit(f"{number}", {"modules/app/main.tf": f"# {number}\n"})
        line.step("staging")
    said = line.promote("qa")
    assert said == "1 file differs: modules/app/main.tf; one more step waits: doit deploy:qa"
    line.record("qa")
    assert line.promote("qa") == "1 file differs: modules/app/main.tf"
    line.record("qa")
    assert line.promote("qa") == "nothing new"


# the gate


@pytest.fixture
def ready(line: Line) -> Line:
    """Return the line after staging and qa have had everything."""
    line.step("staging")
    line.step("qa")
    return line


def test_a_gate_that_nobody_opened_waits(ready: Line) -> None:
    gate = waiting(ready, "production")
    assert gate.what == "production waits for a human: never deployed, 2 files"
    assert gate.fix == "doit approve:production"
    assert ready.fact("production") is None


def test_waiting_is_said_again_by_an_idle_run(ready: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    first = waiting(ready, "production")
    monkeypatch.setattr(due, "judge", None)
    assert str(waiting(ready, "production")) == str(first)


def test_an_approved_commit_is_due_and_then_nothing_is_new(ready: Line) -> None:
    ready.approve("production")
    assert ready.promote("production") == "never deployed, 2 files; its gate was set by hand"
    ready.record("production")
    assert ready.promote("production") == "nothing new"


def test_the_head_goes_on_and_the_gate_holds(ready: Line, remote: Remote) -> None:
    ready.approve("production")
    ready.step("production")
    before = ready.fact("production")
    remote.commit("more", {"production/main.tf": "# more\n"})
    ready.look()
    gate = waiting(ready, "production")
    assert gate.what == "production waits for a human: 1 file differs: production/main.tf"
    assert ready.fact("production") == before
    assert ready.foresee("production").waits


def test_what_was_approved_is_what_is_due_however_far_the_head_went(
    ready: Line, remote: Remote
) -> None:
    ready.approve("production")
    remote.commit("more", {"production/main.tf": "# more\n"})
    ready.look()
    ready.promote("production")
    approved = fact(ready, "production")["files"]["{latest}/production/main.tf"]
    assert approved["message"] == "first"


def test_a_gate_moved_back_is_a_rollback(ready: Line, remote: Remote) -> None:
    old = remote.at()
    ready.approve("production", old)
    ready.step("production")
    remote.commit("more", {"production/main.tf": "# more\n"})
    ready.approve("production")
    ready.step("production")
    ready.approve("production", old)
    assert ready.promote("production") == (
        "1 file differs: production/main.tf; its gate was set by hand"
    )
    assert fact(ready, "production")["files"]["{latest}/production/main.tf"]["message"] == "first"


def test_an_open_gate_follows_the_head(ready: Line, remote: Remote) -> None:
    ready.approve("production", "HEAD")
    ready.step("production")
    remote.commit("more", {"production/main.tf": "# more\n"})
    ready.look()
    assert ready.promote("production") == (
        "1 file differs: production/main.tf; its gate was set by hand"
    )


def test_the_gates_file_may_hold_an_environment_without_a_gate(ready: Line, remote: Remote) -> None:
    ready.approve("staging", remote.at())
    remote.commit("more", {"staging/values.yml": "replicas: 3\n"})
    ready.look()
    said = ready.promote("staging")
    assert said.startswith("nothing new up to its gate ")
    assert "1 file differs: staging/values.yml" in said


@pytest.mark.parametrize("gate", ["abc", "main", "0" * 40])
def test_a_gate_that_names_no_commit_is_an_error(ready: Line, gate: str) -> None:
    ready.approve("production", gate)
    with pytest.raises(SlipwayError, match=r"Gate (is not a valid|commit doesn't)") as error:
        ready.promote("production")
    assert error.value.what.startswith("the gate of production is of no use: ")
    assert "gates.yml on cepler-gates" in error.value.where
    assert error.value.fix == "doit approve:production writes it anew"


@pytest.mark.parametrize("gate", ["abc", "0" * 40])
def test_what_a_gate_says_does_not_matter_while_nothing_is_due(ready: Line, gate: str) -> None:
    ready.approve("production")
    ready.step("production")
    ready.approve("production", gate)
    assert ready.promote("production") == "nothing new"


def test_a_gate_that_is_gone_does_not_matter_while_nothing_is_due(
    ready: Line, remote: Remote
) -> None:
    ready.approve("production")
    ready.step("production")
    before = ready.fact("production")
    g.git("update-ref", "-d", "refs/heads/cepler-gates", repo=remote.path)
    ready.look()
    assert ready.promote("production") == "nothing new"
    assert ready.fact("production") == before


def test_a_gate_older_than_the_environment_before_is_refused(ready: Line, remote: Remote) -> None:
    ready.approve("production", remote.at() and first_commit(remote))
    with pytest.raises(SlipwayError, match="older than the first deployment of qa"):
        ready.promote("production")


def first_commit(remote: Remote) -> str:
    from tasks.kernel import git as g

    return g.lines("rev-list", "--reverse", "refs/heads/main", "--", repo=remote.path)[0]


# plans


def test_a_plan_writes_nothing(line: Line) -> None:
    before = sorted(path for path in line.folder.rglob("*") if path.is_file())
    assert line.foresee("staging").says == "never deployed, 3 files"
    assert sorted(path for path in line.folder.rglob("*") if path.is_file()) == before


def test_a_head_that_only_the_run_will_know_passes_on_as_unknown(ready: Line) -> None:
    ahead = Forecast(ready.world, ready.folder / "scratch")
    head.advance(ahead, UNKNOWN)
    assert not due.foresee("staging", ahead).waits
    assert ahead.json(paths.promotion("staging"))["key"] == UNKNOWN
    assert due.foresee("production", ahead).waits


def test_a_fact_that_was_tampered_with_is_written_again(line: Line) -> None:
    line.promote("staging")
    before = line.fact("staging")
    (line.folder / paths.promotion("staging")).write_text("{}")
    line.promote("staging")
    assert line.fact("staging") == before
