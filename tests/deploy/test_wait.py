"""`doit wait=… deploy:ENV`: the run ends at the gate, waits without the lock, and runs again."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.deploy.place import Place
from tests.promotion.line import CEPLER, FILES, Line, Remote
from tests.release.test_wait import Waiting

ASK = "promotion:production"  # what waits in `deploy:production`, without what comes behind it


@pytest.fixture
def tree(tmp_path: Path) -> Place:
    """Return a tree whose remote has everything, and nothing of it deployed."""
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES)
    return Place(tmp_path / "tree", remote)


@pytest.fixture
def others(tree: Place, tmp_path: Path) -> Line:
    """Return the tree of somebody else, who deploys to staging and qa."""
    line = Line(tmp_path / "others", tree.remote)
    line.step("staging")
    line.step("qa")
    return line


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    "words",
    [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)],
    ids=["serial", "processes"],
)
def test_a_human_opens_the_gate_and_the_same_command_goes_on(tree: Place, words: list[str]) -> None:
    waiting = Waiting(tree, *words, "wait=60s", ASK)
    waiting.until("up to 60 s for a human")
    assert tree.says("production").code == 0  # in the same folder: nobody holds the run lock
    assert waiting.end() == 0, waiting.said
    assert "the gate is open: the same command runs once more" in waiting.said
    assert waiting.said.count("production waits for a human") == 1
    assert tree.doit(ASK).code == 0


@pytest.mark.slow
def test_other_gates_that_are_closed_still_are_waited_for(tree: Place) -> None:
    settings, gates = tree.folder / "pipeline.yml", "staging: {gate: true}\n  second: {gate: true}"
    settings.write_text(settings.read_text().replace("staging: {}", gates))
    rules = f"{CEPLER}  second: {{latest: [modules/**, production/*]}}\n"
    tree.remote.commit("another track", {"cepler.yml": rules})
    waiting = Waiting(tree, "wait=90s", "promotion:staging", "promotion:second")
    waiting.until("up to 90 s for a human")
    assert tree.says("second").code == 0
    while waiting.said.count("s for a human (^C ends it)") < 2:
        assert waiting.run.poll() is None, waiting.said
        time.sleep(0.1)
    assert tree.says("staging").code == 0
    assert waiting.end() == 0, waiting.said
    assert waiting.said.count("s for a human (^C ends it)") == 2


@pytest.mark.usefixtures("others")
def test_when_the_time_is_up_it_ends_with_the_gates_code_and_words(tree: Place) -> None:
    begin = time.monotonic()
    run = tree.doit("wait=2s", ASK)
    assert run.code == 4
    assert time.monotonic() - begin < 20
    assert "production waits for a human: never deployed, 2 files" in run.err
    assert "doit approve:production" in run.err
    last = "nobody has decided in that time; promotion:production stays closed"
    assert last in run.err.splitlines()[-1]


def test_the_record_of_the_environment_before_is_waited_for_too(
    tree: Place, tmp_path: Path
) -> None:
    waiting = Waiting(tree, "wait=60s", "promotion:qa")
    waiting.until("qa waits for staging")
    waiting.until("up to 60 s")
    Line(tmp_path / "others", tree.remote).step("staging")
    assert waiting.end() == 0, waiting.said
    assert "never deployed, 2 files" in waiting.said


@pytest.mark.slow
def test_a_record_that_only_leads_to_the_next_gate_opens_nothing(
    tree: Place, tmp_path: Path
) -> None:
    waiting = Waiting(tree, "wait=60s", ASK)
    waiting.until("production waits for qa")
    waiting.until("up to 60 s")
    line = Line(tmp_path / "others", tree.remote)
    line.step("staging")
    line.step("qa")
    time.sleep(2.5)
    assert waiting.run.poll() is None, waiting.said
    line.approve("production")
    assert waiting.end() == 0, waiting.said


@pytest.mark.slow
def test_the_end_of_a_freeze_is_waited_for(tree: Place) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    begin, end = ((now + timedelta(seconds=s)).isoformat() for s in (-60, 6))
    text = f"- from: {begin}\n  until: {end}\n  reason: the books are closed\n"
    tree.remote.commit("freeze", {"freezes.yml": text})
    waiting = Waiting(tree, "wait=60s", "promotion:staging")
    waiting.until("staging is frozen until")
    assert waiting.end() == 0, waiting.said
    assert "never deployed" in waiting.said


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_no_is_told_at_once(tree: Place, when: str) -> None:
    no = ("reject:production", "--by=Hal", "--why=too risky")
    if when == "before":
        assert tree.doit(*no).code == 0
        waiting = Waiting(tree, "wait=60s", ASK)
    else:
        waiting = Waiting(tree, "wait=60s", ASK)
        waiting.until("up to 60 s for a human")
        assert tree.doit(*no).code == 0
    begin = time.monotonic()
    assert waiting.end() == 4
    assert time.monotonic() - begin < 30
    assert "Hal said no to what waits for production: too risky" in waiting.said
    assert "doit approve:production; then doit deploy:production" in waiting.said


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_the_waiting_at_once(tree: Place, number: int, code: int) -> None:
    waiting = Waiting(tree, "wait=60s", ASK)
    waiting.until("up to 60 s for a human")
    time.sleep(0.5)
    begin = time.monotonic()
    waiting.run.send_signal(number)
    assert waiting.end() == code
    assert time.monotonic() - begin < 5
    assert "stopped; the same command goes on from here" in waiting.said
    assert "Traceback" not in waiting.said


@pytest.mark.slow
@pytest.mark.usefixtures("others")
def test_a_remote_that_is_away_for_a_while_is_asked_again(tree: Place, tmp_path: Path) -> None:
    waiting = Waiting(tree, "wait=60s", ASK)
    waiting.until("up to 60 s for a human")
    tree.remote.path.rename(tmp_path / "away.git")
    waiting.until("asking again until then")
    (tmp_path / "away.git").rename(tree.remote.path)
    assert tree.says("production").code == 0
    assert waiting.end() == 0, waiting.said


@pytest.mark.slow
def test_a_deployment_waits_and_then_deploys(place: Place) -> None:
    assert place.doit("deploy:staging", "deploy:qa").code == 0
    waiting = Waiting(place, "wait=60s", "deploy")
    waiting.until("up to 60 s for a human")
    assert place.record("production") is None
    assert place.says("production").code == 0
    assert waiting.end() == 0, waiting.said
    assert place.record("production") is not None
    assert "recorded as state 1" in waiting.said
