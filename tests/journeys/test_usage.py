"""What a person sees who mistypes."""

from __future__ import annotations

import os

from tests.journeys.conftest import At


def test_a_task_that_is_not_there(at: At) -> None:
    project = at("seeded")
    run = project.doit("relase")
    assert run.code == 3
    assert 'Invalid parameter: "relase"' in run.err
    assert 'Type "doit list" to see available tasks' in run.err
    wrapped = project.doit("relase", env=dict(os.environ) | {"SLIPWAY_CWD": "/"})
    assert 'Type "./doitw list" to see available tasks' in wrapped.err


def test_an_option_that_is_not_there(at: At) -> None:
    run = at("seeded").doit("release", "--dry-run")
    assert run.code == 3
    assert "--dry-run" in run.err
    assert "Traceback" not in run.err


def test_the_list_has_a_line_for_everything(at: At) -> None:
    run = at("seeded").doit("list", "--all")
    assert run.code == 0
    for name in ("check:unit", "release", "approve:release", "plan", "status", "version"):
        assert f"{name} " in run.out


def test_another_pipeline_can_be_named(at: At) -> None:
    project = at("seeded")
    (project.folder / "pipeline.yml").rename(project.folder / "mine.yml")
    assert project.doit("release").code == 3
    assert project.doit("pipeline=mine.yml", "plan").code == 0
    run = project.doit("-n", "2", "release", env={"SLIPWAY_PIPELINE": "mine.yml"})
    assert run.code == 4, run.err
