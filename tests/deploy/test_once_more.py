"""What has drifted is put right where nothing newer may come: by what is recorded, once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import hold
from tasks.kernel.actions import Gate
from tasks.kernel.errors import WrongUsage
from tasks.promotion.wanted import state_in, wanted_by
from tests.deploy.place import Place
from tests.deploy.test_decisions import SETTINGS, WHO, begun, says_yes
from tests.promotion.line import FILES, Line, Remote


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line with something that waits at production's gate."""
    line = begun(tmp_path, monkeypatch)
    line.step("staging")
    line.step("qa")
    says_yes(line)
    line.step("production")
    line.remote.commit("more", {"production/main.tf": "# more\n"})
    line.look()
    return line


def ask(monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    monkeypatch.setattr("doit.get_var", lambda name: told if name == "recorded" else None)


def test_what_is_recorded_may_come_again_and_nothing_else(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = state_in(wanted_by(line.world, "production")).hashes()
    with pytest.raises(Gate, match="waits for a human"):
        line.promote("production")
    ask(monkeypatch, "yes")
    assert line.promote("production").startswith(
        "state 1 once more, as recorded (production waits for a human: 1 file differs"
    )
    assert state_in(wanted_by(line.world, "production")).hashes() == has
    ask(monkeypatch, None)
    with pytest.raises(Gate, match="waits for a human"):
        line.promote("production")
    says_yes(line)
    assert line.promote("production") == "1 file differs: production/main.tf"
    ask(monkeypatch, "yes")  # nothing newer comes, although it may
    assert line.promote("production").startswith("state 1 once more, as recorded (1 file differs")
    assert state_in(wanted_by(line.world, "production")).hashes() == has
    assert line.promote("qa") == "nothing new"


def test_what_an_environment_is_held_at_may_come_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.remote.commit("louder", {"staging/main.tf": "# loud\n"})
    line.step("staging")
    hold.rollback("staging", line.world, **WHO)
    line.step("staging")
    with pytest.raises(Gate, match="is held"):
        line.promote("staging")
    ask(monkeypatch, "yes")
    assert line.promote("staging").startswith("state 3 once more, as recorded (staging is held")


def test_nothing_recorded_is_nothing_to_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES)
    line = Line(tmp_path / "tree", remote, SETTINGS)
    line.look()
    ask(monkeypatch, "yes")
    with pytest.raises(Gate, match="staging was never deployed: there is nothing to put back"):
        line.promote("staging")
    ask(monkeypatch, "maybe")
    with pytest.raises(WrongUsage, match="recorded=maybe is no yes"):
        line.promote("staging")


@pytest.mark.slow
def test_drift_says_what_puts_it_right_and_it_does(place: Place) -> None:
    settings = place.folder / "pipeline.yml"
    settings.write_text(settings.read_text().replace("staging: {}", "staging: {gate: true}"))
    assert place.says("staging").code == 0
    assert place.deploy("staging").code == 0
    records = place.records()
    place.remote.commit("waits", {"staging/values.yml": "mode: loud\n"})
    place.touch_state("staging")
    drift = place.doit("drift:staging")
    assert drift.code == 1
    assert "doit recorded=yes deploy:staging puts that back (staging waits for a human" in drift.err
    assert place.deploy("staging").code == 4
    run = place.doit("recorded=yes", "deploy:staging")
    assert run.code == 0, run.err
    assert "1 to add" in run.err
    assert place.records() == records
    assert place.doit("drift:staging").code == 0
    assert place.deploy("staging").code == 4  # what waits still waits
