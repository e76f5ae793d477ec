"""`candidate:drop`: a no that is shown, asked for, said once, and takes nothing away."""

from __future__ import annotations

import pytest

from tasks.kernel import paths
from tasks.kernel.errors import Failed
from tasks.release import drop
from tests.journeys.conftest import At
from tests.rooms import edit_json, world_of

WHO = ("--by=Grace", "--why=the shelf wobbles")


def test_a_dropped_candidate_is_not_offered_again(at: At) -> None:
    project = at("waiting")
    before = project.outside()
    run = project.doit("candidate:drop", *WHO)
    assert run.code == 0, run.err
    assert "0.2.0-rc.1 would not be released: pull request #1 is closed" in run.out
    [pull] = project.pulls()
    assert pull["state"] == "closed"
    assert "**0.2.0-rc.1 is dropped** by Grace: the shelf wobbles" in str(pull["comments"])
    now = project.outside()
    assert (now["refs"], now["images"]) == (before["refs"], before["images"])
    run = project.doit("release")
    assert run.code == 4
    assert "was closed: 0.2.0-rc.1 will not be released" in run.err
    project.commit("fix: a firm shelf", {"server/main.py": "print('firm')\n"})
    assert project.doit("release").code == 4
    assert [pull["state"] for pull in project.pulls()] == ["closed", "open"]
    assert "0.2.0-rc.2" in project.tags()


def test_nobody_to_ask_is_no_no(at: At) -> None:
    project = at("waiting")
    run = project.doit("candidate:drop")
    assert run.code == 3
    assert "--by and --why must be said" in run.err
    assert project.pulls()[0]["state"] == "open"


def test_nothing_waits(at: At) -> None:
    project = at("approved")
    run = project.doit("candidate:drop", *WHO)
    assert run.code == 1
    assert "no candidate waits for an answer" in run.err


def test_killed_between_the_words_and_the_closing(at: At) -> None:
    project = at("waiting")
    assert project.doit("candidate:drop", *WHO).code == 0
    said = project.pulls()[0]["comments"]
    edit_json(project.world / "forge/pulls/1.json", state="open")
    assert project.doit("candidate:drop", *WHO).code == 0
    assert project.pulls()[0]["comments"] == said
    assert project.pulls()[0]["state"] == "closed"


def test_another_one_than_was_shown_is_not_dropped(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    project = at("waiting")
    monkeypatch.setattr(paths, "ROOT", project.folder)

    def meanwhile(*_: object, **__: object) -> tuple[str, str]:
        file = project.world / "forge/pulls/1.json"
        edit_json(file, body=str(project.pulls()[0]["body"]).replace("rc.1 -->", "rc.2 -->"))
        return "Grace", "it wobbles"

    monkeypatch.setattr(drop, "who_and_why", meanwhile)
    with pytest.raises(Failed, match="has changed while you were looking"):
        drop.drop(world_of(project))
    assert project.pulls()[0]["state"] == "open"


def test_what_another_tool_has_opened_is_closed_by_hand(at: At) -> None:
    project = at("waiting")
    edit_json(project.world / "forge/pulls/1.json", body="by hand")
    run = project.doit("candidate:drop", *WHO)
    assert run.code == 1
    assert "is no promotion that Slipway made" in run.err
