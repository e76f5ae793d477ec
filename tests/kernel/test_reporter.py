"""doit with our reporter: the screen, the exit codes, the lock, and results that survive a kill."""

from __future__ import annotations

import io
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.kernel import paths
from tasks.kernel.screen import Screen

DODO = """\
import sys
sys.path.insert(0, {root!r})
from tasks.kernel import actions, paths, world, errors, declare
from tasks.kernel.config import load
from pathlib import Path
paths.ROOT = Path.cwd()
world.use(load(Path({root!r}) / "pipeline.yml"))
from tasks.kernel.settings import doit_config
DOIT_CONFIG = doit_config(default=["good"])

def good(world):
    return "went well\\x1b[31m"

def failed(world):
    raise errors.Failed("the check said no", fix="doit good")

def broken(world):
    raise errors.SlipwayError("the remote is gone", where="source", fix="look at it")

def misused(world):
    raise errors.WrongUsage("say --by")

def gate(world):
    raise actions.Gate("a human decides", fix="doit approve")

def crash(world):
    return 1 / 0

def slow(world):
    import time
    time.sleep({seconds})
    return "at last"

def leaves_nothing(world):
    return "done"

def _task(name, action, writes=(), after=()):
    return declare.stage(name, action, doc=name, room="none", reads=[], writes=list(writes),
                         after=list(after))

def task_all():
    for action in (good, failed, broken, misused, gate, crash, slow):
        yield _task(action.__name__, action)
    yield _task("empty", leaves_nothing, writes=["build/nothing.json"])
    yield _task("behind", good, after=["failed"])
    yield _task("behind-gate", good, after=["gate"])
    yield _task("first", good)
    yield _task("second", slow, after=["first"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dodo.py").write_text(DODO.format(root=str(paths.ROOT), seconds=4))
    return tmp_path


def _doit(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "doit", *args]
    return subprocess.run(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


PARALLEL = [[], ["-n", "2"], ["-n", "2", "-P", "thread"]]
CODES = [
    (["good"], 0),
    (["failed"], 1),
    (["broken"], 2),
    (["crash"], 2),
    (["empty"], 2),
    (["misused"], 3),
    (["gate"], 4),
    (["behind"], 1),  # an unmet dependency never counts by itself
    (["behind-gate"], 4),
    (["gate", "failed"], 1),
    (["gate", "failed", "broken"], 2),
    (["failed", "misused"], 1),
    (["good", "gate"], 4),
]


@pytest.mark.parametrize("how", PARALLEL, ids=["serial", "processes", "threads"])
def test_exit_codes(project: Path, how: list[str]) -> None:
    for selected, code in CODES:
        done = _doit(project, *how, *selected)
        assert done.returncode == code, (selected, done.stderr)
        assert "Traceback" not in done.stderr + done.stdout


def test_the_screen_says_what_happened_where_and_what_next(project: Path) -> None:
    done = _doit(project, "good", "failed", "broken", "gate", "behind", "crash", "empty")
    assert done.stdout == ""
    expected = """\
✓ good             went well[31m
✗ failed           the check said no
      doit good
      full log: build/logs/failed.log
✗ broken           source: the remote is gone
      look at it
      full log: build/logs/broken.log
║ gate             a human decides
      doit approve
✗ crash            a fault in Slipway itself: ZeroDivisionError: division by zero
      please report it with the log: build/logs/crash.log
✗ empty            empty ended well but left no build/nothing.json
    full log: build/logs/empty.log
- not run: behind
"""
    assert done.stderr.replace("      full log", "    full log") == expected.replace(
        "      full log", "    full log"
    )
    assert "ZeroDivisionError" in (project / "build/logs/crash.log").read_text()


def test_never_silent_for_three_seconds(project: Path) -> None:
    done = _doit(project, "slow")
    assert "… slow             running, 3 s\n" in done.stderr
    assert "✓ slow             at last" in done.stderr


def test_a_terminal_shows_what_is_running(project: Path) -> None:
    (project / "dodo.py").write_text(DODO.format(root=str(paths.ROOT), seconds=1))
    leader, follower = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "slow"],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=dict(os.environ) | {"TERM": "xterm"},
    )
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:
        pass  # the other side is closed
    assert run.wait() == 0
    assert "slow 0 s" in shown.decode()
    assert shown.decode().replace("\r", "").splitlines()[-1].endswith("s")
    assert b"\x1b[2K" in shown


def test_a_group_member_that_is_long_running_is_told_ever_more_rarely() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.running["slow"] = screen.told["slow"] = time.monotonic() - 3.1
    screen._tell()
    screen._tell()
    assert stream.getvalue().count("running") == 1


def test_what_finished_is_recorded_at_once(project: Path) -> None:
    """doit itself would write its records at the end of the run, and a killed run has none."""
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "second"],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr
    assert "✓ first" in run.stderr.readline()
    run.kill()
    run.wait()
    run.stderr.close()
    rows = sqlite3.connect(project / ".doit.db").execute("select task_id from doit").fetchall()
    assert ("first",) in rows


def test_sigterm_ends_a_run_with_its_own_code(project: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "second"],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr
    run.stderr.readline()
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=20)
    assert run.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in err


def test_an_interrupt_ends_a_run_with_one_line(project: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "second"],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr
    run.stderr.readline()
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=20)
    assert run.returncode == 128 + signal.SIGINT
    assert "Traceback" not in err
    assert "stopped; the same command goes on from here" in err


def test_the_lock_is_waited_for_told_and_given_up(tmp_path: Path) -> None:
    hold = (
        "import sys, time, pathlib\n"
        "from tasks.kernel import lock, paths\n"
        "paths.ROOT = pathlib.Path(sys.argv[1])\n"
        "lock.take(['release'], float(sys.argv[2]))\n"
        "print('mine', flush=True)\n"
        "time.sleep(float(sys.argv[3]))\n"
    )

    def start(wait: float, keep: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", hold, str(tmp_path), str(wait), str(keep)],
            cwd=paths.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    first = start(1, 30)
    assert first.stdout
    assert first.stdout.readline() == "mine\n"
    second = start(1, 0)
    _, err = second.communicate(timeout=20)
    assert second.returncode == 1
    assert f"waiting up to 1 s for process {first.pid} (doit release" in err
    assert "another run is busy in this folder" in err
    first.kill()
    first.communicate()
    third = start(1, 0)
    out, _ = third.communicate(timeout=20)
    assert out == "mine\n"


def test_a_program_of_a_killed_run_keeps_the_lock(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib\n"
        "from tasks.kernel import lock, paths, programs\n"
        "paths.ROOT = pathlib.Path(sys.argv[1])\n"
        "lock.take(['release'], float(sys.argv[2]))\n"
        "print('mine', flush=True)\n"
        "programs.run(['sleep', sys.argv[3]], cwd=sys.argv[1])\n"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    first = subprocess.Popen(
        [*command, "1", "2.5"], cwd=paths.ROOT, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout
    assert first.stdout.readline() == "mine\n"
    time.sleep(0.5)
    first.kill()
    first.wait()
    first.stdout.close()
    at_once = subprocess.run(
        [*command, "0.2", "0"], cwd=paths.ROOT, capture_output=True, check=False
    )
    assert b"another run is busy" in at_once.stderr
    later = subprocess.run([*command, "10", "0"], cwd=paths.ROOT, capture_output=True, check=False)
    assert later.stdout == b"mine\n"
