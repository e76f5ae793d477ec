"""Checks: attempts, limits, what is shown of a "no", and that nothing goes on in the dark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.checks.subject import Subject
from tasks.checks.verdict import assume
from tasks.checks.verdict import judge as judge_on
from tasks.kernel import journal, paths
from tasks.kernel.config import Check
from tasks.kernel.errors import Failed
from tasks.kernel.world import Forecast, World
from tests.rooms import Outside, head


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside(tmp_path / "shop")
    monkeypatch.setattr(paths, "ROOT", outside.folder)
    return outside


def judge(check: Check, world: World) -> str:
    return judge_on(check, Subject(), world)


def _check(world: World, code: str, **changes: object) -> Check:
    unit = world.config.checks["unit"]
    return replace(unit, command=("python3", "-c", code), **changes)  # type: ignore[arg-type]


def test_a_yes_names_what_was_judged(outside: Outside) -> None:
    world = outside.start()
    says = judge(_check(world, "print('Ran 7 tests')"), world)
    assert says == "Ran 7 tests"
    verdict = world.json(paths.verdict("unit"))
    assert verdict["passed"] is True
    assert sorted(verdict["judged"]) == ["server", "tests"]


def test_it_runs_on_the_head_in_a_clean_checkout_with_its_history(outside: Outside) -> None:
    world = outside.start()
    code = (
        "import pathlib, subprocess\n"
        "git = lambda *a: subprocess.run(['git', *a], capture_output=True, text=True).stdout\n"
        "assert git('status', '--porcelain') == ''\n"
        "assert pathlib.Path('server/main.py').exists()\n"
        "print(git('rev-parse', 'HEAD').strip())"
    )
    assert judge(_check(world, code), world) == head(world)
    assert not world.work("check:unit").exists()


def test_a_flaky_check_may_try_again(outside: Outside, tmp_path: Path) -> None:
    world = outside.start()
    mark = tmp_path / "mark"
    code = (
        "import pathlib, sys\n"
        f"mark = pathlib.Path({str(mark)!r})\n"
        "first = not mark.exists()\n"
        "mark.touch()\n"
        "sys.exit(first)"
    )
    with pytest.raises(Failed):
        judge(_check(world, code, attempts=1), world)
    mark.unlink()
    with journal.of("check:unit"):
        judge(_check(world, code, attempts=2), world)
    log = (outside.folder / "build/logs/check.unit.log").read_text()
    assert "attempt 1 failed" in log
    assert "attempt 2 of 2" in log


def test_a_no_shows_its_last_words_and_leaves_no_verdict(outside: Outside) -> None:
    world = outside.start()
    code = "import sys\nfor n in range(99): print('assert', n)\nsys.exit(1)"
    with pytest.raises(Failed, match="unit ended with 1") as caught:
        judge(_check(world, code), world)
    assert caught.value.detail[-1] == "assert 98"
    assert not world.exists(paths.verdict("unit"))


def test_a_check_that_hangs_is_ended(outside: Outside) -> None:
    world = outside.start()
    with pytest.raises(Failed, match="did not end within 1 s"):
        judge(_check(world, "import time; time.sleep(60)", timeout=1.0), world)


def test_a_check_sees_its_own_variables_and_no_secret(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "s3cr3t-hunter2")
    world = outside.start()
    code = "import os; print(1, os.environ['SHELF'], os.environ.get('FORGE_TOKEN'))"
    assert judge(_check(world, code, env={"SHELF": "top"}), world) == "1 top None"


def test_a_plan_assumes_a_yes_and_foresees_the_very_verdict(
    outside: Outside, tmp_path: Path
) -> None:
    world = outside.start()
    check = _check(world, "print(1)")
    ahead = Forecast(world, tmp_path / "scratch")
    assert assume(check, Subject(), ahead).says == "assumed to pass"
    judge(check, world)
    assert ahead.read(paths.verdict("unit")) == world.read(paths.verdict("unit"))


def test_the_rule_shows_line_and_caret_and_passes_over_merges(outside: Outside) -> None:
    world = outside.start()
    rule = world.config.checks["messages"]
    assert judge(rule, world) == "1 commit since the beginning"
    outside.commit("feature: no such type\n\nbody", {"a": "1"})
    outside.commit("Fixed it", {"a": "2"})
    with pytest.raises(Failed, match="of 3 commits since the beginning do not say") as caught:
        judge(rule, outside.look())
    shown = "\n".join(caught.value.detail)
    assert "Fixed it" in shown
    assert "^" in shown
