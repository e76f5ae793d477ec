"""What is written down beside the deployments is read again, whatever its words are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.deploy import approve, past, states
from tasks.desk import environments
from tasks.desk.past import history
from tasks.kernel.errors import WrongUsage
from tasks.promotion import answers, head
from tests.deploy.test_decisions import begun
from tests.promotion.line import Line

ODD = "a\x01b \x1b[2J \x1e"


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return a line on which production waits for a yes."""
    line = begun(tmp_path, monkeypatch)
    line.step("staging")
    line.step("qa")
    line.look()
    return line


def everything_is_read(line: Line, capsys: pytest.CaptureFixture[str]) -> str:
    """Ask whatever reads messages, and return what the history says."""
    line.look()
    environments.standings(line.world)
    approve.approve("production", line.world, by="Hal", why="so do I")
    line.look()
    line.promote("production")
    capsys.readouterr()
    history(line.world, "production")
    return capsys.readouterr().out


def test_a_gate_set_with_odd_words_breaks_nothing(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"ci(gates): production may have this\n\nApproved-by: Eve\nReason: {ODD}\n"
    line.remote.commit(words, {"gates.yml": "staging: HEAD\n"}, branch="cepler-gates")
    line.remote.commit(ODD, {"gates.yml": "staging: HEAD\nqa: HEAD\n"}, branch="cepler-gates")
    out = everything_is_read(line, capsys)
    assert "Hal  “so do I”" in out
    assert "Eve  “ab" in out


def test_a_record_with_odd_words_breaks_nothing(line: Line) -> None:
    line.remote.commit(ODD, {"qa/main.tf": "# new\n"})
    line.step("qa")
    path = ".cepler/shop/qa.state"
    line.remote.commit(f"ci: {ODD}\n\n{ODD}", {path: line.remote.file(path) + "\n"})
    assert [one.record.version for one in states.recorded(line.world, "qa")] == [2, 2, 1]


def test_a_note_has_nothing_that_cannot_be_shown(line: Line) -> None:
    fields = {"By": "Eve\nResult: held", "Why": f"{ODD} \udcff"}
    past.add(line.world, "production", f"looked\x01\nError: {ODD}", fields)
    [note] = past.history(line.world, "production", 9)
    assert note.words == "production: looked Error: a b [2J"
    assert note.said("By") == "Eve Result: held"
    assert note.said("Why") == "a b [2J"
    assert set(note.fields) == {"By", "Why", "Note"}


def test_who_deploys_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_BY", "Eve\nApproved-by: \x01Ada\udcff")
    assert past.deployed_by() == "Eve Approved-by: Ada"
    monkeypatch.delenv("SLIPWAY_BY")
    monkeypatch.setattr("getpass.getuser", lambda: "eve\x01\nx")
    assert past.deployed_by().startswith("eve x@")


def test_a_reason_that_is_no_text_opens_no_gate(line: Line) -> None:
    with pytest.raises(WrongUsage, match="--why is not UTF-8"):
        approve.approve("production", line.world, by="Grace", why="\udcff\udcfe")
    assert answers.decisions(line.world, head.ask(line.world).gates) == []
