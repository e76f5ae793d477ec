"""The promotion pull request: one, in place, never back to an older candidate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.kernel import paths
from tasks.release import promote
from tests.journeys.conftest import At
from tests.project import Project
from tests.rooms import edit_json, world_of


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


def _edit(project: Project, **changes: object) -> None:
    edit_json(project.world / "forge/pulls/1.json", **changes)


def _comments(pull: dict[str, object]) -> list[str]:
    found = pull["comments"]
    assert isinstance(found, list)
    return found


def test_labels_that_a_kill_left_off_are_put_back(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    project = at("waiting")
    _edit(project, labels=["looked-at"])
    monkeypatch.setattr(paths, "ROOT", project.folder)
    world = world_of(project)
    wanted = promote.want(world)
    assert isinstance(wanted, promote.Wanted)
    seen = promote.observe(world, wanted)
    assert (seen.done, seen.says) == (False, "pull request #1 lacks the label promote-rc")
    project.lose_build()  # as a kill would: there is no receipt that could hold it back
    assert project.doit("release").code == 4
    assert project.pulls()[0]["labels"] == ["looked-at", "promote-rc"]
    assert project.pulls()[0]["comments"] == []


def test_a_newer_candidate_says_what_changed(at: At) -> None:
    project = at("waiting")
    older = project.images()
    project.commit("fix: hold @everyone ```", {"server/main.py": "print('holds')\n"})
    assert project.doit("release").code == 4
    [pull] = project.pulls()
    [comment] = _comments(pull)
    assert "**0.2.0-rc.2 takes over from 0.2.0-rc.1.**" in comment
    commit = project.refs()["refs/heads/main"]
    assert f"1 commit since:\n\n```text\n{commit[:7]} fix: hold @everyone ```\n```" in comment
    now = project.images()
    assert older["server"]["0.2.0-rc.1"] != now["server"]["0.2.0-rc.2"]
    then, new = older["server"]["0.2.0-rc.1"][:19], now["server"]["0.2.0-rc.2"][:19]
    assert f"| `server` | `{then}` | `{new}` |" in comment
    assert "Bug Fixes\n\n- Hold @everyone" in comment.partition("| image")[2]


@pytest.mark.parametrize("point", ["said", "pushed"])
def test_a_comment_is_made_once_whenever_the_run_was_killed(at: At, point: str) -> None:
    """Killed behind the branch, or behind the words: the next run says what is left to say."""
    project = at("waiting")
    project.commit("fix: hold", {"server/main.py": "print('holds')\n"})
    before = dict(project.pulls()[0])
    assert project.doit("release").code == 4
    said = project.pulls()[0]["comments"]
    left = {key: before[key] for key in ("title", "body")}
    _edit(project, **left, comments=said if point == "said" else [])
    project.lose_build()
    assert project.doit("release").code == 4
    [pull] = project.pulls()
    assert pull["comments"] == said
    assert "0.2.0-rc.2" in str(pull["body"])
    assert project.doit("release").code == 4
    assert project.pulls()[0]["comments"] == said


def test_a_text_that_a_person_has_rewritten_is_no_other_tools_work(at: At) -> None:
    project = at("waiting")
    _edit(project, body="all mine")
    project.lose_build()
    assert project.doit("release").code == 4
    [pull] = project.pulls()
    assert "Slipway-Candidate: 0.2.0-rc.1" in str(pull["body"])
    assert pull["comments"] == []
