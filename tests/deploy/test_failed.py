"""After a deployment that failed the way back is to what is recorded: that is not what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import hold, past
from tasks.kernel.actions import Gate
from tasks.promotion.wanted import wanted_by
from tests.deploy.place import Place
from tests.deploy.test_decisions import begun
from tests.promotion.line import Line

WHO: dict[str, Any] = {"by": "Grace", "why": "it is broken"}
SAID = ("--by=Grace", "--why=it is broken")


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line with staging deployed twice."""
    line = begun(tmp_path, monkeypatch)
    line.step("staging")
    line.remote.commit("louder", {"staging/main.tf": "# loud\n"})
    line.step("staging")
    return line


def fail(line: Line, step: str, *, begun: bool = True) -> None:
    """Have something newer fail in staging."""
    line.remote.commit("worse", {"staging/main.tf": "# worse\n"})
    line.look()
    line.promote("staging")
    key = wanted_by(line.world, "staging")["key"]
    told = {"Result": "failed", "Step": step, "Error": "no room", "Key": key}
    past.add(line.world, "staging", f"{step} failed", told | ({"Begun": "yes"} if begun else {}))


@pytest.mark.parametrize(
    ("step", "begun", "state"),
    [("apply", True, 2), ("health", True, 2), ("apply", False, 1), ("plan", False, 1)],
)
def test_the_way_back_is_to_what_was_there_before(
    line: Line, capsys: pytest.CaptureFixture[str], step: str, begun: bool, state: int
) -> None:
    fail(line, step, begun=begun)  # a plan, or an apply that is refused, has changed nothing
    for _ in range(2):  # to decide it again changes nothing
        hold.rollback("staging", line.world, **WHO)
        out = capsys.readouterr().out
        assert f"staging is to have state {state}, until it is resumed." in out
        assert ("tried    staging: " in out) == begun


def test_what_is_recorded_is_applied_once_more_and_then_held(line: Line) -> None:
    fail(line, "apply")
    hold.rollback("staging", line.world, **WHO)
    line.look()
    assert line.promote("staging").startswith("state 2 once more, as recorded; held at state 2")
    fact = wanted_by(line.world, "staging")
    told = {"Result": "applied", "Held-By": fact["once_more"]}
    past.add(line.world, "staging", "state 2 once more", told)
    line.look()
    with pytest.raises(Gate, match="staging is held at state 2 by Grace"):
        line.promote("staging")


def test_a_state_can_be_held_that_nothing_came_after(line: Line) -> None:
    hold.rollback("staging", line.world, **WHO, to="2")
    line.look()
    assert line.promote("staging").startswith("state 2 once more, as recorded; held at state 2")


@pytest.mark.slow
def test_a_release_that_is_not_healthy_is_taken_back(place: Place) -> None:
    assert place.deploy("staging").code == 0
    first = place.live("staging")
    place.vendor("2.0.0", place.image("3.0.0"))  # which answers another version than the chart's
    run = place.deploy("staging")
    assert run.code == 1, run.err
    assert "doit rollback:staging goes back to what is recorded, state 1" in run.err
    assert place.live("staging") != first
    back = place.doit("rollback:staging", *SAID)
    assert back.code == 0, back.err
    assert "staging would get state 1 once more" in back.out
    assert "tried    staging: health failed" in back.out
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert place.live("staging") == first
    held = place.deploy("staging")
    assert held.code == 4
    assert "doit resume:staging" in held.err
    other = place.clone(place.folder.parent / "other")
    assert other.deploy("staging").code == 4
    assert place.record("staging").version == 1  # type: ignore[union-attr]


@pytest.mark.slow
def test_what_a_killed_run_has_applied_is_taken_back_from_another_clone(place: Place) -> None:
    for version in ("1.0.0", "2.0.0"):
        place.vendor(version)
        assert place.deploy("staging").code == 0
    place.vendor("3.0.0", place.image("9.0.0"))
    killed = place.deploy("staging", SLIPWAY_KILL_AT="apply:staging:terraform")
    assert killed.code < 0, killed.err
    assert place.doit("unlock:staging", *SAID).code == 0
    other = place.clone(place.folder.parent / "other")
    run = other.deploy("staging")
    assert run.code == 1, run.err
    assert "doit rollback:staging goes back to what is recorded, state 2" in run.err
    back = other.doit("rollback:staging", *SAID)
    assert "staging would get state 2 once more" in back.out
