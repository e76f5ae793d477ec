"""Two working trees of one world act at once: nothing is lost, nothing is doubled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tests.journeys.conftest import At
from tests.project import Project

Clone = Callable[[Project], Project]


def _start(project: Project, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "doit", *args],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _both(one: Project, two: Project, *args: str) -> list[int]:
    runs = [_start(one, *args), _start(two, *args)]
    ended = []
    for run in runs:
        _, err = run.communicate(timeout=120)
        assert "Traceback" not in err
        ended.append(run.returncode)
    return ended


def test_two_clones_make_one_candidate(at: At, clone: Clone) -> None:
    project = at("seeded")
    other = clone(project)
    head = project.refs()["refs/heads/main"]

    assert _both(project, other, "release") == [4, 4]

    assert project.tags() == {"0.1.0": project.tags()["0.1.0"], "0.2.0-rc.1": head}
    assert list(project.refs("refs/slipway/candidates")) == ["refs/slipway/candidates/0.2.0-rc.1"]
    assert len(project.refs("refs/slipway/promotions")) == 1
    assert len(project.pulls()) == 1
    for tree in (project, other):
        assert tree.doit("release").ran == ["gate"]


def test_two_clones_publish_one_release(at: At, clone: Clone) -> None:
    project = at("approved")
    other = clone(project)

    assert _both(project, other, "release") == [0, 0]

    assert project.releases() == {"0.2.0": True}
    for tree in (project, other):
        assert tree.doit("release").ran == []


def test_two_people_approve_once(at: At, clone: Clone) -> None:
    project = at("waiting")
    other = clone(project)
    codes = _both(project, other, "approve:release", "--by=Grace", "--why=right")
    assert sorted(codes) in ([0, 1], [0, 2])
    assert [pull["state"] for pull in project.pulls()] == ["merged"]
    assert project.doit("release").code == 0


def test_a_plan_beside_a_run_disturbs_nothing(at: At) -> None:
    project = at("seeded")
    run = _start(project, "release")
    plans = [project.doit("plan").code for _ in range(3)]
    run.communicate(timeout=120)
    assert run.returncode == 4
    assert plans == [0, 0, 0]
    assert project.doit("release").ran == ["gate"]
