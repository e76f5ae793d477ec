"""The story that the demo tells, and what it refuses; the journeys play it whole."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.desk import demo
from tasks.kernel.config import Config, load
from tasks.kernel.errors import Failed, WrongUsage
from tasks.kernel.world import World
from tests.journeys.conftest import At
from tests.project import ROOT

Play = Callable[[dict[str, int]], list[str]]


@pytest.fixture
def config() -> Config:
    return load(ROOT / "pipeline.yml")


@pytest.fixture
def play(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return a function that plays the demo, whose commands end with the codes it is given."""
    monkeypatch.setattr(demo, "a_commit", lambda _world: "a commit")
    monkeypatch.setattr(demo, "a_value", lambda name: lambda _world: f"a value of {name}")

    def run(codes: dict[str, int]) -> list[str]:
        typed: list[str] = []

        def end(command: list[str], **_how: object) -> SimpleNamespace:
            words = " ".join(command[3:])
            typed.append(words)
            return SimpleNamespace(returncode=codes.get(words, 0))

        monkeypatch.setattr(subprocess, "run", end)
        demo.demo(World(config, tmp_path))
        return [words.split(" --")[0] for words in typed if words != "sandbox"]

    return run


def test_the_whole_story(play: Play) -> None:
    """Every command ends well, so no gate was closed and nobody had to be asked."""
    assert play({}) == [
        "release",
        *("deploy:staging", "deploy:qa"),
        *("deploy:staging", "deploy:qa"),  # a value of staging alone
        "deploy:production",
        "trace:production",
    ]


def test_at_a_gate_the_human_says_yes(play: Play) -> None:
    """The first command that ends with 4 is followed by the human's, and then comes again."""
    closed = {"release": 4, "deploy:production": 4}
    with pytest.raises(Failed, match="doit release ended with 4, and the story goes on from 0"):
        play(closed)
    with pytest.raises(Failed, match="doit deploy:production ended with 4"):
        play({"deploy:production": 4})


def test_what_ends_otherwise_ends_the_story(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Failed, match="doit deploy:qa ended with 1") as error:
        play({"deploy:qa": 1})
    assert "sandbox:reset" in error.value.fix
    assert "── to qa " in capsys.readouterr().out


def test_a_pipeline_that_is_real_is_not_played_with(config: Config, tmp_path: Path) -> None:
    url = "git@git.example.org:team/shop.git"
    real = replace(config.remotes, source=replace(config.remotes.source, url=url))
    with pytest.raises(WrongUsage, match="this pipeline is real") as error:
        demo.demo(World(replace(config, remotes=real), tmp_path))
    assert error.value.detail == (url,)


def test_the_doctor_works_with_a_broken_pipeline(at: At) -> None:
    project = at("seeded")
    project.configure("chekcs: {}\n")
    run = project.doit("doctor")
    assert run.code == 3
    assert "unknown key" in run.out
    assert "git " in run.out
    assert "Traceback" not in run.err
    assert project.doit("plan").code == 3


def test_the_doctor_says_what_is_missing_with_its_exit_code(at: At) -> None:
    project = at("seeded")
    assert project.doit("doctor").code == 0
    project.configure_remote("charts", "world/nowhere.git")
    run = project.doit("doctor")
    assert run.code == 1
    assert "1 to put right: charts" in run.err


def test_the_demo_changes_one_line_of_the_values_and_no_other() -> None:
    file = ROOT / "envs" / load(ROOT / "pipeline.yml").environments["staging"].root / "values.yml"
    before = file.read_text()
    after, number = demo.counted(before)
    assert number == 1
    changed = [
        (a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b
    ]
    assert changed == [('      DEMO_RUN: "0"', '      DEMO_RUN: "1"')]
    assert demo.counted(after)[1] == 2


def test_without_a_counter_a_comment_is_added() -> None:
    assert demo.counted("a: 1\n") == ("a: 1\n# demo run 1\n", 1)
    assert demo.counted("a: 1\n# demo run 1\n")[1] == 2
