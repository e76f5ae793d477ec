"""A freeze stops every change, not only that of files; an exception is from that one freeze."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import override
from tasks.kernel import remotes
from tasks.kernel.actions import Gate
from tasks.promotion import decided, head
from tasks.promotion.wanted import wanted_by
from tests.deploy.place import Place
from tests.deploy.test_decisions import begun, standing, times
from tests.promotion.line import FILES, Line

WHO: dict[str, Any] = {"by": "Grace", "why": "customers cannot log in"}
SAID = ("--by=Grace", "--why=customers cannot log in")
REPLACE = "replace=module.app.terraform_data.namespace"


def freeze(begin: int, end: int, reason: str = "the books are closed") -> str:
    return f"- {times(begin, end)}  reason: {reason}\n"


BOOKS = freeze(-1, 5)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line with something due in a freeze."""
    line = begun(tmp_path, monkeypatch)
    line.step("staging")
    line.remote.commit("frozen", {"freezes.yml": BOOKS, "staging/main.tf": "# new\n"})
    line.look()
    return line


def test_a_freeze_that_begins_later_is_not_covered_by_an_exception_of_before(line: Line) -> None:
    override.override("staging", line.world, **WHO)
    line.look()
    assert "in spite of the freeze" in line.promote("staging")
    # Another one begins, and ends before the first does.
    line.remote.commit("second", {"freezes.yml": BOOKS + freeze(-1, 2, "an audit")})
    line.look()
    with pytest.raises(Gate, match="staging is frozen"):
        line.promote("staging")
    assert standing(line, "staging")[1] == 'doit override:staging --by=NAME --why="TEXT"'


def test_an_exception_names_all_the_freezes_that_it_is_from(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.remote.commit("second", {"freezes.yml": BOOKS + freeze(-1, 2, "an audit")})
    line.look()
    override.override("staging", line.world, **WHO)
    out = capsys.readouterr().out
    assert "the books are closed" in out
    assert "an audit" in out
    line.look()
    assert "in spite of the freeze" in line.promote("staging")
    line.remote.commit("the audit is over", {"freezes.yml": BOOKS})
    line.look()
    assert "in spite of the freeze" in line.promote("staging")


def test_an_exception_can_be_made_where_no_file_is_due(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.remote.commit("back", {"staging/main.tf": FILES["staging/main.tf"]})
    line.look()
    override.override("staging", line.world, **WHO)
    assert "waits    nothing new; only what has drifted, or what replace= names" in (
        capsys.readouterr().out
    )


def test_an_exception_can_be_made_for_what_is_recorded_while_something_newer_is_due(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doit.get_var", lambda name: "yes" if name == "recorded" else None)
    line.promote("staging")
    recorded = wanted_by(line.world, "staging")["key"]
    override.override("staging", line.world, **WHO)
    line.look()
    monkeypatch.undo()
    with pytest.raises(Gate, match="is frozen"):
        line.promote("staging")
    at = head.head_of(line.world)
    assert decided.frozen_for(line.world, at, "staging", recorded) is None
    assert decided.frozen_for(line.world, at, "staging", "another")


@pytest.mark.slow
def test_nothing_is_applied_in_a_freeze_though_no_file_is_due(place: Place) -> None:
    assert place.deploy("staging").code == 0
    place.remote.commit("freeze", {"freezes.yml": freeze(-1, 2)})
    serial = place.serial("staging")
    told = place.doit(REPLACE, "plan", "deploy:staging")
    assert told.code == 0, told.err
    assert "then waits at the gate: staging is frozen until" in told.out
    run = place.doit(REPLACE, "deploy:staging")
    assert run.code == 4, run.err
    assert "staging is frozen until" in run.err
    assert 'doit override:staging --by=NAME --why="TEXT"' in run.err
    assert place.serial("staging") == serial
    assert not any("/locks/" in ref for ref in remotes.ls(str(place.remote.path)))
    assert place.deploy("staging").code == 0  # an idle run stays one
    place.touch_state("staging")
    serial = place.serial("staging")
    drift = place.doit("drift:staging")
    assert drift.code == 1
    assert "lets it through the freeze (the books are closed)" in drift.err
    assert place.deploy("staging").code == 4
    assert place.serial("staging") == serial
    assert place.doit("override:staging", *SAID).code == 0
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert place.serial("staging") > serial
    assert place.doit("drift:staging").code == 0


@pytest.mark.slow
def test_behind_a_gate_who_replaces_something_says_so_and_why(place: Place) -> None:
    settings = place.folder / "pipeline.yml"
    settings.write_text(settings.read_text().replace("staging: {}", "staging: {gate: true}"))
    assert place.says("staging").code == 0
    assert place.deploy("staging").code == 0
    serial, told = place.serial("staging"), place.doit("history:staging").out
    run = place.doit(REPLACE, "deploy:staging")
    assert run.code == 3, run.err
    assert f'doit {REPLACE} by=NAME why="TEXT" deploy:staging' in run.err
    assert place.serial("staging") == serial
    assert place.doit("history:staging").out == told
    run = place.doit(REPLACE, "by=Grace", "why=it is stuck", "deploy:staging")
    assert run.code == 0, run.err
    assert place.serial("staging") > serial
    told = place.doit("history:staging").out
    assert (
        "replaced     made anew: module.app.terraform_data.namespace  Grace  “it is stuck”" in told
    )
    assert "replace" not in place.deploy("staging").err
