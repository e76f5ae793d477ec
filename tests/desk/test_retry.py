"""`doit retry STAGE`: shown, asked for, and done in the same invocation."""

from __future__ import annotations

import signal

import pytest

from tests.checks.test_statuses import said
from tests.journeys.conftest import At, _tidy, at, stations
from tests.project import Project

__all__ = ["_tidy", "at", "stations"]


def _counting(at: At) -> Project:
    """Return a project whose check `unit` leaves a line each time that it is run."""
    project = at("seeded")
    log = project.folder / "runs"
    text = f"import sys\nopen({str(log)!r}, 'a').write('x')\nsys.exit(0)\n"
    project.commit("test: count", {"tests/check.py": text})
    project.replace("web: {inputs: [web], command: [python3, tests/check.py, web]",
                    "web: {inputs: [web], command: [python3, -c, pass]")  # fmt: skip
    assert project.doit("release").code == 4
    assert log.read_text() == "x"
    return project


def _runs(project: Project) -> int:
    return len((project.folder / "runs").read_text())


@pytest.mark.parametrize(
    "words",
    [
        ("retry", "check:unit", "--yes"),
        ("retry", "--yes", "check:unit"),
        ("retry", "check:unit", "yes=1"),
        ("-n", "2", "retry", "check:unit", "yes=1"),
    ],
)
def test_a_check_is_asked_again_though_the_same_tree_has_passed(
    at: At, words: tuple[str, ...]
) -> None:
    project = _counting(at)
    assert project.doit("check:unit").ran == []
    run = project.doit(*words)
    assert run.code == 0, run.err
    assert "forgotten is that check:unit has run here and that this very tree has passed" in run.out
    assert "check:unit" in run.ran
    assert _runs(project) == 2
    assert project.doit("release").ran == ["gate"]
    assert _runs(project) == 2


def test_one_that_fails_now_is_a_failed_run_and_the_next_goes_on_from_there(at: At) -> None:
    project = _counting(at)
    (project.folder / "runs").unlink()
    (project.folder / "runs").mkdir()
    run = project.doit("retry", "check:unit", "--yes")
    assert run.code == 1
    assert "✗ check:unit" in run.err
    (project.folder / "runs").rmdir()
    run = project.doit("release")
    assert run.code == 4
    assert "check:unit" in run.ran
    assert said(project)["slipway/unit"]["verdict"] == "success"


def test_an_image_says_what_comes_of_it_and_nothing_changes_outside(at: At) -> None:
    project = at("waiting")
    before = project.outside()
    run = project.doit("retry", "image:server", "--yes")
    assert run.code == 0, run.err
    assert "image:server" in run.out.partition("would run")[2]
    assert "never ran here" in run.out
    assert run.ran == ["image:server"]
    assert project.doit("release").code == 4
    assert project.outside() == before


def test_an_effect_looks_again_and_makes_nothing_twice(at: At) -> None:
    project = at("waiting")
    before, effects = project.outside(), project.effects()
    run = project.doit("retry", "candidate", "--yes")
    assert run.code == 0, run.err
    assert run.ran == ["candidate"]
    assert (project.outside(), project.effects()) == (before, effects)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "which stage?"),
        (("check:unti",), "check:unti is not a task (did you mean check:unit?)"),
        (("check",), "check is no stage but a group of them"),
        (("release",), "release is no stage but a group of them"),
        (("source",), "source observes: it runs each time anyway"),
        (("approve:release",), "approve:release is a command: there is nothing to retry"),
        (("status",), "status is a command: there is nothing to retry"),
        (("tag", "draft"), "one stage is retried at a time, not 2"),
        (("tag", "yes=no"), "yes=no is no yes"),
        (("--yes=1", "tag"), "--yes takes no value\n  write --yes alone"),
        (("tag", "--yes=1"), "--yes takes no value"),
        (("--yse", "tag"), "there is no option --yse (did you mean --yes?)"),
        (("tag", "--force=1"), "there is no option --force"),
        (("tag",), "a yes must be said where nobody can be asked"),
    ],
)
def test_what_is_refused(at: At, words: tuple[str, ...], says: str) -> None:
    project = at("waiting")
    run = project.doit("retry", *words)
    assert run.code == 3, run.err
    assert says in run.err
    assert "CmdOption" not in run.err
    assert project.doit("release").ran == ["gate"]


def test_killed_in_the_retried_stage_the_next_run_has_it_still_to_do(at: At) -> None:
    project = _counting(at)
    env = {"SLIPWAY_KILL_AT": "check:unit:begun"}
    assert project.doit("retry", "check:unit", "--yes", env=env).code == -signal.SIGKILL
    assert _runs(project) == 1
    assert project.doit("release").code == 4
    assert _runs(project) == 2


def test_what_ref_names_is_retried_as_well(at: At) -> None:
    project = _counting(at)
    assert project.doit("ref=main", "check:unit").code == 0
    assert _runs(project) == 1
    run = project.doit("ref=main", "retry", "check:unit", "--yes")
    assert run.code == 0, run.err
    assert _runs(project) == 2
    run = project.doit("ref=main", "retry", "image:server", "--yes")
    assert run.code == 3
