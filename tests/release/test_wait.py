"""`doit wait=… release`: the run ends at the gate, waits without the lock, and runs once more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.journeys.conftest import At
from tests.project import Project


class Waiting:
    """A run that waits, and what it has said so far."""

    def __init__(self, project: Project, *args: str) -> None:
        self.file = project.folder / "said"
        with self.file.open("wb") as stream:
            self.run = subprocess.Popen(
                [sys.executable, "-m", "doit", *args],
                cwd=project.folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=dict(os.environ),
            )

    @property
    def said(self) -> str:
        """Return all that was said."""
        return self.file.read_text()

    def until(self, words: str) -> None:
        """Return when these words have been said."""
        end = time.monotonic() + 60
        while words not in self.said:
            assert self.run.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)

    def end(self) -> int:
        """Return the exit code."""
        return self.run.wait(timeout=60)


@pytest.mark.parametrize(
    "how", [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)], ids=["serial", "processes"]
)
def test_a_human_merges_and_the_same_command_publishes(at: At, how: list[str]) -> None:
    project = at("waiting")
    waiting = Waiting(project, *how, "wait=60s", "release")
    waiting.until("up to 60 s for a human")
    assert project.approve().code == 0  # in the same folder: nobody holds the run lock
    assert waiting.end() == 0, waiting.said
    assert "the gate is open: the same command runs once more" in waiting.said
    assert project.releases() == {"0.2.0": True}
    assert waiting.said.count("a human merges") == 1
    assert project.doit("release").ran == []


@pytest.mark.slow
def test_a_merge_by_git_alone_is_seen_just_as_well(at: At) -> None:
    project = at("waiting")
    waiting = Waiting(project, "wait=60s", "release")
    waiting.until("up to 60 s for a human")
    project.merge_by_hand("bot-promote-rc")
    assert waiting.end() == 0, waiting.said
    assert project.releases() == {"0.2.0": True}


@pytest.mark.slow
def test_a_commit_that_is_no_answer_opens_nothing(at: At) -> None:
    project = at("waiting")
    waiting = Waiting(project, "wait=3s", "release")
    waiting.until("up to 3 s for a human")
    project.commit("docs: a word", {"README.md": "Shop\n"})
    assert waiting.end() == 4
    assert "nobody has decided in that time" in waiting.said
    assert project.releases() == {}


def test_a_no_is_told_at_once(at: At) -> None:
    project = at("waiting")
    project.close_pull(1)
    run = project.doit("wait=60s", "release")
    assert run.code == 4
    assert "pull request #1 was closed: 0.2.0-rc.1 will not be released" in run.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_the_waiting_alone(at: At, number: int, code: int) -> None:
    project = at("waiting")
    waiting = Waiting(project, "wait=60s", "release")
    waiting.until("up to 60 s for a human")
    waiting.run.send_signal(number)
    assert waiting.end() == code
    assert "stopped; the same command goes on from here" in waiting.said
    assert "Traceback" not in waiting.said


@pytest.mark.slow
def test_a_source_that_is_away_for_a_while_is_asked_again(at: At) -> None:
    project = at("waiting")
    waiting = Waiting(project, "wait=60s", "release")
    waiting.until("up to 60 s for a human")
    project.source.rename(project.world / "away.git")
    waiting.until("asking again until then")
    (project.world / "away.git").rename(project.source)
    assert project.approve().code == 0
    assert waiting.end() == 0, waiting.said


@pytest.mark.parametrize("told", ["", "30", "m", "-3m", "0s", "25h", "1d"])
def test_what_is_no_duration_is_refused_before_anything_runs(at: At, told: str) -> None:
    project = at("seeded")
    run = project.doit(f"wait={told}", "release")
    assert run.code == 3
    assert f"wait={told} is no duration" in run.err
    assert project.effects() == []


def test_without_a_gate_there_is_nothing_to_wait_for(at: At) -> None:
    project = at("approved")
    assert project.doit("wait=60s", "release").code == 0
    assert project.releases() == {"0.2.0": True}
