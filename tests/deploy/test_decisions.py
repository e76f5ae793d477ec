"""What people decide: no at a gate, a way through a freeze, back to an earlier state, on again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import approve, hold, override, past, reject
from tasks.desk import environments
from tasks.desk.past import events, history
from tasks.kernel import journal
from tasks.kernel.actions import Gate
from tasks.kernel.errors import Failed, WrongUsage
from tasks.promotion import head
from tasks.promotion.engine import gates_at
from tasks.promotion.wanted import state_in, wanted_by
from tests.promotion.line import FILES, Line, Remote

WHO: dict[str, Any] = {"by": "Grace", "why": "I looked"}
SETTINGS = """\
chart: {path: charts/app, images: {server: image.digest}}
deployments: {vendored: modules/app/chart}
testflight: {}
environments:
  staging: {}
  qa: {passed: staging}
  production: {passed: qa, gate: true}
"""


def times(begin: int, end: int) -> str:
    """Return a freeze from one hour to another, counted from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    first, last = (now + timedelta(hours=hours) for hours in (begin, end))
    return f"from: {first.isoformat()}\n  until: {last.isoformat()}\n"


def begun(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return a line of which nothing is deployed yet."""
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    remote = Remote(folder / "deployments.git")
    remote.commit("first", FILES)
    return Line(folder / "tree", remote, SETTINGS)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line after staging and qa have had everything."""
    line = begun(tmp_path, monkeypatch)
    line.step("staging")
    line.step("qa")
    return line


def says_yes(line: Line) -> None:
    line.look()
    approve.approve("production", line.world, **WHO)
    line.look()


def says_no(line: Line, why: str = "too risky") -> None:
    line.look()
    reject.reject("production", line.world, by="Hal", why=why)
    line.look()


def gate(line: Line) -> str:
    gates = gates_at(line.remote.path, "refs/heads/cepler-gates", "gates.yml")
    return gates.get("production", "")


def standing(line: Line, name: str) -> tuple[str, str]:
    line.look()
    [found] = [one for one in environments.standings(line.world) if one.name == name]
    return found.says, found.command


# a no at the gate


def test_a_no_is_written_down_and_shown_to_the_next(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    says_no(line)
    assert gate(line) == ""
    assert standing(line, "production") == (
        "behind by 2 files, rejected by Hal: too risky",
        "doit approve:production",
    )
    capsys.readouterr()
    says_yes(line)
    assert "rejected Hal: too risky" in capsys.readouterr().out
    assert gate(line) != ""
    line.promote("production")
    assert standing(line, "production")[0] == "behind by 2 files, approved"


def test_a_yes_can_be_taken_back_until_it_is_deployed(line: Line) -> None:
    says_yes(line)
    says_no(line)
    with pytest.raises(Gate, match="waits for a human"):
        line.promote("production")
    says_yes(line)
    line.promote("production")
    line.record("production")
    line.remote.commit("louder", {"production/main.tf": "# loud\n"})
    says_yes(line)
    says_no(line)
    line.look()
    with pytest.raises(Gate, match="waits for a human: 1 file differs"):
        line.promote("production")
    assert line.remote.message("cepler-gates").splitlines()[2:4] == [
        "Rejected-by: Hal",
        "Reason: too risky",
    ]


def test_the_only_gate_that_was_open_is_closed_again(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    remote = Remote(tmp_path / "deployments.git")
    rules = "deployment: shop\nenvironments:\n  production: {latest: [production/*]}\n"
    remote.commit("first", FILES | {"cepler.yml": rules})
    line = Line(tmp_path / "tree", remote, "environments:\n  production: {gate: true}\n")
    says_yes(line)
    says_no(line)
    assert remote.file("gates.yml", "cepler-gates") == "{}\n"
    with pytest.raises(Gate, match="waits for a human"):
        line.promote("production")
    says_yes(line)
    line.promote("production")


def test_what_is_deployed_is_not_rejected_but_rolled_back(line: Line) -> None:
    says_yes(line)
    line.promote("production")
    line.record("production")
    with pytest.raises(Failed, match="nothing waits for production") as caught:
        says_no(line)
    assert "doit rollback:production" in caught.value.fix


# freezes


def test_a_freeze_holds_what_is_due_and_says_until_when(line: Line) -> None:
    text = f"- environments: [staging]\n  {times(-1, 2)}  reason: the books are closed\n"
    line.remote.commit("frozen", {"freezes.yml": text, "staging/main.tf": "# new\n"})
    line.look()
    with pytest.raises(Gate, match=r"staging is frozen until .* UTC: the books are closed") as told:
        line.promote("staging")
    assert "1 file differs: staging/main.tf" in told.value.what
    assert 'doit override:staging --by=NAME --why="TEXT"' in told.value.fix
    says, command = standing(line, "staging")
    assert says.startswith("behind by 1 file, frozen until 2")
    assert command == 'doit override:staging --by=NAME --why="TEXT"'
    assert line.promote("qa") == "nothing new"  # another environment is not frozen


def test_an_exception_is_for_the_very_files_that_were_shown(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"- {times(-1, 2)}  reason: the books are closed\n"
    line.remote.commit("frozen", {"freezes.yml": text, "staging/main.tf": "# new\n"})
    line.look()
    with pytest.raises(WrongUsage, match="--why"):
        override.override("staging", line.world, by="Grace")
    override.override("staging", line.world, by="Grace", why="customers cannot log in")
    assert "waits    1 file differs: staging/main.tf" in capsys.readouterr().out
    line.look()
    assert "in spite of the freeze (Grace: customers cannot log in)" in line.promote("staging")
    line.remote.commit("more", {"staging/main.tf": "# newer\n"})
    line.look()
    with pytest.raises(Gate, match="is frozen"):
        line.promote("staging")
    [note] = past.history(line.world, "staging", 9)
    assert note.said("Why") == "customers cannot log in"


def test_outside_of_its_time_a_freeze_is_nothing(line: Line) -> None:
    text = f"- {times(1, 2)}  reason: later\n- {times(-2, -1)}  reason: before\n"
    line.remote.commit("frozen", {"freezes.yml": text, "staging/main.tf": "# new\n"})
    line.look()
    assert line.promote("staging") == "1 file differs: staging/main.tf"
    with pytest.raises(Failed, match="staging is not frozen"):
        override.override("staging", line.world, **WHO)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from: 1", "a list of freezes"),
        ("- {from: 2026-01-01, until: 2026-01-02T00:00:00Z, reason: x}", "from is not a time"),
        ("- {from: 2026-01-01T00:00:00, until: 2026-01-02T00:00:00Z, reason: x}", "with its zone"),
        ("- {from: 2026-01-02T00:00:00Z, until: 2026-01-01T00:00:00Z, reason: x}", "ends before"),
        (
            "- {from: 2026-01-01T00:00:00Z, until: 9999-12-31T23:59:59-05:00, reason: x}",
            "entry 1: until is outside of the years",
        ),
        (
            "- {from: 0001-01-01T00:00:00+10:00, until: 2026-01-02T00:00:00Z, reason: x}",
            "entry 1: from is outside of the years",
        ),
        ("- {from: 2026-01-01T00:00:00Z, until: 2026-01-02T00:00:00Z}", "needs a reason"),
        ("- {from: 2026-01-01T00:00:00Z, untill: x}", "untill is nothing"),
        ("- {environments: prod}", "not a list of names"),
        (
            "- {environments: [prod], from: 2026-01-01T00:00:00Z, until: 2026-01-02T00:00:00Z,"
            " reason: x}",
            "prod is no environment of",
        ),
        ("- [", "not valid YAML"),
    ],
)
def test_a_freeze_with_a_mistake_freezes_all(line: Line, text: str, said: str) -> None:
    line.remote.commit("frozen", {"freezes.yml": text, "staging/main.tf": "# new\n"})
    line.look()
    with pytest.raises(WrongUsage) as caught:
        line.promote("staging")
    assert said in str(caught.value)
    assert "freezes.yml" in str(caught.value)
    says, _ = standing(line, "staging")
    assert said in says
    assert "freezes.yml" in says


# back, and on again


def twice(line: Line) -> None:
    """Deploy staging a second time."""
    line.remote.commit("louder", {"staging/main.tf": "# loud\n"})
    line.step("staging")


def test_an_environment_goes_back_and_stays_there(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    twice(line)
    hold.rollback("staging", line.world, by="Grace", why="it is too loud")
    out = capsys.readouterr().out
    assert "staging would go back from state 2 to state 1" in out
    assert "~ staging/main.tf" in out
    assert "next     doit deploy:staging" in out
    line.look()
    assert standing(line, "staging")[1] == "doit deploy:staging"
    assert line.promote("staging").startswith("back to an earlier state, 1 file differs")
    assert state_in(wanted_by(line.world, "staging")).hashes()["staging/main.tf"] is not None
    line.record("staging")
    line.remote.commit("louder still", {"staging/main.tf": "# loudest\n"})
    line.look()
    with pytest.raises(Gate, match="staging is held at state 1 by Grace: it is too loud") as told:
        line.promote("staging")
    assert told.value.fix == "doit resume:staging"
    assert standing(line, "staging") == (
        "behind by 1 file, held at state 1 by Grace: it is too loud",
        "doit resume:staging",
    )
    hold.resume("staging", line.world, by="Grace", why="ear plugs")
    line.look()
    assert line.promote("staging") == "1 file differs: staging/main.tf"
    happened = [(one.result, one.by) for one in events(line.world, "staging", 20)]
    assert sorted(happened) == [
        *[("deployed", "somebody")] * 3,
        ("held", "Grace"),
        ("resumed", "Grace"),
    ]


def test_a_long_list_tells_where_the_rest_is(
    line: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line.remote.commit("many", {f"staging/f{n:02}.tf": "#\n" for n in range(33)})
    line.step("staging")
    whole: list[str] = []
    monkeypatch.setattr("tasks.kernel.journal.say", whole.append)
    hold.rollback("staging", line.world, by="Grace", why="too many")
    out = capsys.readouterr().out
    assert "         … and 3 more: build/logs/rollback.staging.log\n" in out
    assert "f32.tf" not in out
    assert "- staging/f32.tf" in whole[0]
    assert "and 3 more" not in whole[0]


def test_another_state_can_be_named(line: Line) -> None:
    twice(line)
    line.remote.commit("third", {"staging/main.tf": "# third\n"})
    line.step("staging")
    hold.rollback("staging", line.world, **WHO, to="1")
    line.look()
    note = head.head_of(line.world).notes["refs/slipway/holds/staging"]
    assert note
    line.promote("staging")
    with pytest.raises(WrongUsage, match="--to=9"):
        hold.rollback("staging", line.world, **WHO, to="9")


def test_without_an_earlier_state_there_is_no_way_back(line: Line) -> None:
    with pytest.raises(Failed, match="has had no other state"):
        hold.rollback("qa", line.world, **WHO)
    with pytest.raises(Failed, match="was never deployed"):
        hold.rollback("production", line.world, **WHO)


def test_who_is_not_held_is_not_resumed(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    hold.resume("staging", line.world, **WHO)
    assert "staging is not held" in capsys.readouterr().out


def test_a_rollback_goes_through_a_freeze_and_a_closed_gate(line: Line) -> None:
    says_yes(line)
    line.promote("production")
    line.record("production")
    line.remote.commit("louder", {"production/main.tf": "# loud\n"})
    says_yes(line)
    line.promote("production")
    line.record("production")
    line.remote.commit("frozen", {"freezes.yml": f"- {times(-1, 1)}  reason: x\n"})
    hold.rollback("production", line.world, **WHO)
    line.look()
    assert line.promote("production").startswith("back to an earlier state, 1 file differs")


# what happened


def test_the_history_tells_of_all_of_it(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    says_no(line)
    says_yes(line)
    line.promote("production")
    line.record("production")
    fields = {"By": "Ada", "Result": "failed", "Step": "apply", "Error": "no room"}
    past.add(line.world, "production", "apply failed", fields)
    capsys.readouterr()
    history(line.world, "production")
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4
    assert "failed       apply failed: no room  Ada" in "\n".join(out)
    assert "approved" in "\n".join(out)
    assert "“too risky”" in "\n".join(out)
    [more] = [one.more for one in environments.standings(line.world) if one.name == "production"]
    assert more
    assert more[0].startswith("apply failed 2")
    assert more[0].endswith(": no room (Ada)")
    history(line.world, "qa", as_json=True)
    assert '"result": "deployed"' in capsys.readouterr().out
    with pytest.raises(WrongUsage, match="--most=x"):
        history(line.world, "qa", most="x")


@pytest.mark.parametrize(
    ("step", "command"),
    [
        ("apply", "doit recorded=yes deploy:staging"),
        ("plan", ""),
    ],
)
def test_what_failed_half_way_can_be_put_right_though_nothing_is_due(
    line: Line, step: str, command: str
) -> None:
    fields = {"By": "Ada", "Step": step, "Error": "no room", "Key": "of what was reverted"}
    fields |= {"Begun": "yes"} if step != "plan" else {}
    past.add(line.world, "staging", f"{step} failed", fields)
    assert standing(line, "staging") == ("up to date", command)
