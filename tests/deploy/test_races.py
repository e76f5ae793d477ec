"""Two clones at once, again and again: they deploy, approve, note; nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tasks.deploy import approve, lock, past, record
from tasks.kernel import git as g
from tasks.kernel import journal, paths, remotes
from tasks.kernel.effects import carry_out
from tasks.kernel.errors import Failed, SlipwayError
from tasks.promotion.engine import gates_at, statefile
from tests.promotion.line import FILES, Line, Remote

STATE = ".cepler/shop/staging.state"


class Applied:
    """Terraform after an apply: the state is the one that was left."""

    def state(self) -> tuple[int, str]:
        return 7, "lineage"


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Line, Line]:
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    monkeypatch.setattr(record, "opened", lambda *_: Applied())
    monkeypatch.setattr(lock, "_LOOKS", 0.02)
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES)
    return Line(tmp_path / "one", remote), Line(tmp_path / "two", remote)


def both(pair: tuple[Line, Line], act: Callable[[Line], Any]) -> list[Any]:
    """Do something in both trees at once; return what each returned, or the error that it got."""

    def tried(line: Line) -> Any:
        try:
            return act(line)
        except SlipwayError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(tried, pair))


def deployed(name: str) -> Callable[[Line], str]:
    def act(line: Line) -> str:
        line.look()
        line.promote(name)
        key = line.world.json(paths.promotion(name))["key"]
        applied = {"claims": {}, "key": key, "serial": 7, "lineage": "lineage"}
        line.world.write_json(paths.receipt(f"apply:{name}"), applied)
        line.world.write_json(paths.health(name), {"key": key})
        return carry_out(record.effect(name), line.world)

    return act


def approved(line: Line) -> str:
    line.look()
    return approve.approve("production", line.world, by="Grace", why="looks right")


def noted(number: int) -> Callable[[Line], str]:
    def act(line: Line) -> str:
        return past.add(line.world, "staging", f"{line.folder.name} {number}", {})

    return act


def race(pair: tuple[Line, Line], rounds: int) -> None:
    remote = pair[0].remote
    for number in range(1, rounds + 1):
        remote.commit(f"change {number}", {"modules/app/main.tf": f"# {number}\n"})
        for name in ("staging", "qa"):
            ends = both(pair, deployed(name))
            # One may have been overtaken, which it says; the very same command then goes on.
            assert sum(isinstance(end, str) for end in ends) >= 1, ends
            assert all(isinstance(end, str | Failed) for end in ends), ends
            for end, line in zip(ends, pair, strict=True):
                if isinstance(end, Failed):
                    deployed(name)(line)
            state = statefile.parse(remote.file(STATE.replace("staging", name)).encode(), name)
            assert state.version == number, ends
        before = len(_gate_commits(remote))
        ends = both(pair, approved)
        assert any(isinstance(end, str) for end in ends), ends
        assert len(_gate_commits(remote)) - before == 1
        assert gates_at(remote.path, "refs/heads/cepler-gates", "gates.yml")["production"]
        both(pair, noted(number))
    subjects = remote.log()
    assert sum(one.startswith("ci(cepler)") for one in subjects) == 2 * rounds
    assert sum(one.startswith("change") for one in subjects) == rounds
    history = past.history(pair[0].world, "staging", 999)
    found = [note.words.removeprefix("staging: ") for note in history]
    wanted = {f"{name} {number}" for name in ("one", "two") for number in range(1, rounds + 1)}
    assert sorted(found) == sorted(wanted)
    refs = remotes.ls(str(remote.path))
    assert not [ref for ref in refs if ref.startswith("refs/slipway/locks/")]


def _gate_commits(remote: Remote) -> list[str]:
    return g.lines("rev-list", "--all", "--grep=^ci(gates)", repo=remote.path)


def test_two_clones_race_a_few_times(pair: tuple[Line, Line]) -> None:
    race(pair, 3)


@pytest.mark.slow
def test_two_clones_race_on_and_on(pair: tuple[Line, Line]) -> None:
    """A hundred rounds take minutes: tests/bench/test_races.py."""
    race(pair, 12)
