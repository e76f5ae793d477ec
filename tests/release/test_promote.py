"""The promotion pull request: one, in place, never back to an older candidate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.kernel import paths
from tasks.release import promote
from tests.journeys.conftest import At
from tests.project import Project
from tests.rooms import world_of


def test_a_late_run_does_not_take_it_back_from_a_newer_candidate(
    at: At, clone: Callable[[Project], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = at("waiting")
    monkeypatch.setattr(paths, "ROOT", late.folder)
    world = world_of(late)
    wanted = promote.want(world)
    assert isinstance(wanted, promote.Wanted)
    assert wanted.candidate == "0.2.0-rc.1"
    late.commit("fix: hold", {"server/main.py": "print('holds')\n"})
    assert clone(late).doit("release").code == 4
    assert "0.2.0-rc.2" in str(late.pulls()[0]["body"])

    seen = promote.observe(world, wanted)

    assert seen.done
    assert "stands for the newer 0.2.0-rc.2" in seen.says


def test_killed_between_the_branch_and_the_pull_request(at: At) -> None:
    """The branch is there, the pull request is not: only that one is made."""
    project = at("waiting")
    branch = project.refs()["refs/heads/bot-promote-rc"]
    (project.world / "forge/pulls/1.json").unlink()
    assert project.doit("release").code == 4
    assert project.refs()["refs/heads/bot-promote-rc"] == branch
    assert len(project.pulls()) == 1


def test_labels_and_title_of_people_stay(at: At) -> None:
    project = at("waiting")
    project.commit("fix: hold", {"server/main.py": "print('holds')\n"})
    file = project.world / "forge/pulls/1.json"
    file.write_text(file.read_text().replace('"promote-rc"', '"looked-at",\n    "promote-rc"'))
    assert project.doit("release").code == 4
    assert project.pulls()[0]["labels"] == ["looked-at", "promote-rc"]
