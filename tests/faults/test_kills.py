"""`kill -9` anywhere in a release, then the same command: the end state of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys.conftest import At
from tests.project import Project

BEFORE_THE_GATE = ["version", "push:web", "candidate", "promote"]
BEHIND_IT = ["draft", "final:server", "tag", "publish", "counter"]
POINTS = ["observed", "acted", "recorded"]


def _killed(project: Project, point: str, *args: str) -> None:
    run = project.doit(*args, "release", env={"SLIPWAY_KILL_AT": point})
    assert run.code == -signal.SIGKILL, run.err


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("task", BEFORE_THE_GATE)
def test_killed_before_the_gate(at: At, task: str, point: str, tmp_path: Path) -> None:
    project = at("seeded")
    undisturbed = Project.copy(project.folder, tmp_path / "undisturbed")
    _killed(project, f"{task}:{point}")

    assert project.doit("release").code == 4
    assert undisturbed.doit("release").code == 4

    assert project.outside() == undisturbed.outside()
    assert project.doit("release").ran == ["gate"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("task", BEHIND_IT)
def test_killed_behind_the_gate(at: At, task: str, point: str, tmp_path: Path) -> None:
    project = at("approved")
    undisturbed = Project.copy(project.folder, tmp_path / "undisturbed")
    _killed(project, f"{task}:{point}")

    assert project.doit("release").code == 0
    assert undisturbed.doit("release").code == 0

    assert project.outside() == undisturbed.outside()
    assert project.doit("release").ran == []


def test_what_finished_before_the_kill_is_not_done_again(at: At) -> None:
    project = at("seeded")
    _killed(project, "candidate:observed")
    run = project.doit("release")
    assert sorted(run.ran) == sorted(["candidate", "changelog", "promote", "gate"])


def test_killed_between_reservation_and_push_while_a_new_commit_arrives(at: At) -> None:
    """The number stays used up by the commit that it was reserved for."""
    project = at("seeded")
    first = project.refs()["refs/heads/main"]
    _killed(project, "version:recorded")
    second = project.commit("fix: hold", {"server/main.py": "print('holds')\n"})

    assert project.doit("release").code == 4

    assert project.refs("refs/slipway/candidates") == {
        "refs/slipway/candidates/0.2.0-rc.1": first,
        "refs/slipway/candidates/0.2.0-rc.2": second,
    }
    assert project.tags() == {"0.1.0": project.tags()["0.1.0"], "0.2.0-rc.2": second}
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert project.tags()["0.2.0"] == second


def test_killed_between_reservation_and_push_while_a_harmless_commit_arrives(at: At) -> None:
    """Nothing that is released changed: the reserved number is taken up where it was left."""
    project = at("seeded")
    first = project.refs()["refs/heads/main"]
    _killed(project, "version:acted")
    project.commit("docs: how to shop", {"README.md": "Shop here.\n"})
    assert project.doit("release").code == 4
    assert project.tags()["0.2.0-rc.1"] == first


def test_killed_with_two_workers_leaves_no_worker_and_no_lock(at: At) -> None:
    project = at("seeded")
    check = "import pathlib, time\npathlib.Path('/proc/self/stat').read_text()\ntime.sleep(60)\n"
    project.commit("test: a slow check", {"tests/check.py": check})
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "-n", "2", "release"],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until((project.folder / "build/work/check.unit/tree").exists)
    run.kill()
    run.wait()
    _until(lambda: not _workers(project.folder))
    project.commit("test: a quick check", {"tests/check.py": ""})
    for pid in _processes(project.folder):
        os.kill(pid, signal.SIGKILL)  # the check itself goes on and keeps the lock, as it should
    assert project.doit("release").code == 4


def test_sigterm_is_a_clean_end(at: At) -> None:
    """What had finished is recorded, what was started is stopped, and the exit code says why."""
    project = at("seeded")
    project.commit("test: a slow check", {"tests/check.py": "import time\ntime.sleep(60)\n"})
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "release"],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _until(lambda: _checking(project.folder))
    run.terminate()
    _, err = run.communicate(timeout=20)
    assert run.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in err
    assert not _processes(project.folder)


def test_one_run_waits_for_another(at: At) -> None:
    project = at("seeded")
    project.commit("test: a slow check", {"tests/check.py": "import time\ntime.sleep(3)\n"})
    first = subprocess.Popen(
        [sys.executable, "-m", "doit", "release"],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until(lambda: _checking(project.folder))
    plan = project.doit("plan")
    assert plan.code == 0
    second = project.doit("release")
    assert "waiting up to 30 s for process" in second.err
    assert second.code == 4
    assert first.wait() == 4
    assert len(project.pulls()) == 1


def _until(true: object, seconds: float = 20) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def _processes(folder: Path) -> list[int]:
    """Return the processes that work in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cwd").readlink().is_relative_to(folder):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def _workers(folder: Path) -> list[int]:
    """Return the processes of doit that work in a folder."""
    found = []
    for pid in _processes(folder):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"doit" in command:
            found.append(pid)
    return found


def _checking(folder: Path) -> bool:
    """Say whether the check of a project is running; other projects are tested at the same time."""
    return any("check.unit" in str(_folder_of(pid)) for pid in _processes(folder))


def _folder_of(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path()
