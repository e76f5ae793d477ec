"""The forge observer: the newest merged promotion, and what still stands of what we claimed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.forge import STANDING, candidate_of, connect
from tasks.forge import observe as observe_module
from tasks.forge.promotions import Rules, merged_promotion
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.world import World
from tests.journeys.conftest import At
from tests.project import Project
from tests.rooms import edit_json, look, world_of


def _seen(project: Project) -> dict[str, str]:
    world = world_of(project)
    look(world)
    seen = world.sightings("forge")
    return {name: value for name, value in seen.items() if ":" in name}


def _merged(world: World) -> str | None:
    promotion = world.json(paths.MERGED)["promotion"]
    return str(promotion["candidate"]) if promotion else None


def test_an_open_pull_request_stands(at: At) -> None:
    assert _seen(at("waiting")) == {"promotion:0.2.0-rc.1": STANDING}


def test_a_merged_one_stands(at: At) -> None:
    project = at("approved")
    assert _seen(project) == {"promotion:0.2.0-rc.1": STANDING}
    assert _merged(world_of(project)) == "0.2.0-rc.1"


def test_a_release_stands_with_its_assets(at: At) -> None:
    project = at("released")
    world = world_of(project)
    claims = json.loads((project.folder / paths.receipt("draft")).read_text())["claims"]["forge"]
    assert _seen(project) == {
        "promotion:0.2.0-rc.1": STANDING,
        "release:0.2.0": "published",
        **claims,
    }
    assert "assets:0.2.0" in world.sightings("forge")


def _close(project: Project) -> None:
    project.close_pull(1)


def _take_over(project: Project) -> None:
    project.commit("fix: hold", {"server/main.py": "print('holds')\n"})
    assert project.doit("release").code == 4


def _mend(project: Project) -> None:
    project.commit("docs: a word", {"CHANGELOG.md": "# Mended\n"}, branch="bot-promote-rc")


@pytest.mark.parametrize("what", [_close, _take_over, _mend])
def test_what_a_human_or_a_newer_candidate_did_is_an_answer(
    at: At, what: Callable[[Project], None]
) -> None:
    project = at("waiting")
    older = (project.folder / paths.receipt("promote")).read_text()
    what(project)
    (project.folder / paths.receipt("promote")).write_text(older)
    assert _seen(project)["promotion:0.2.0-rc.1"] == STANDING


def _lose_the_pull_request(project: Project) -> None:
    (project.world / "forge/pulls/1.json").unlink()


def _lose_the_branch(project: Project) -> None:
    g.git("update-ref", "-d", "refs/heads/bot-promote-rc", repo=project.source)


def _spoil_the_branch(project: Project) -> None:
    g.git("update-ref", "refs/heads/bot-promote-rc", "0.1.0", repo=project.source)


def _close_another(project: Project) -> None:
    edit_json(
        project.world / "forge/pulls/1.json",
        state="closed",
        body="<!-- Slipway-Candidate: 0.1.0-rc.1 -->",
    )


@pytest.mark.parametrize("what", [_lose_the_pull_request, _lose_the_branch, _close_another])
def test_where_nobody_can_decide_any_more_nothing_stands(
    at: At, what: Callable[[Project], None]
) -> None:
    project = at("waiting")
    what(project)
    assert _seen(project) == {}


def test_what_is_a_draft_again_is_not_published(at: At) -> None:
    project = at("released")
    edit_json(project.world / "forge/releases/0.2.0/release.json", draft=True)
    assert "release:0.2.0" not in _seen(project)


def test_changed_assets_do_not_match_the_claim(at: At) -> None:
    project = at("released")
    before = _seen(project)["assets:0.2.0"]
    (project.world / "forge/releases/0.2.0/assets/shop").write_bytes(b"patched")
    assert _seen(project)["assets:0.2.0"] != before


# the newest merged promotion


def test_an_idle_look_does_not_search_the_history_again(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = at("released")
    world = world_of(project)
    look(world)

    def never(*_args: object) -> None:
        pytest.fail("the history was searched again")

    monkeypatch.setattr(observe_module, "merged_promotion", never)
    look(world)
    assert _merged(world) == "0.2.0-rc.1"


def test_a_new_commit_is_searched_from_where_the_last_look_ended(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = at("released")
    world = world_of(project)
    look(world)
    before = project.refs()["refs/heads/main"]
    searched: list[str] = []

    def search(mirror: Path, head: str, rules: Rules, since: str) -> object:
        searched.append(since)
        return merged_promotion(mirror, head, rules, since)

    monkeypatch.setattr(observe_module, "merged_promotion", search)
    project.commit("docs: how to shop", {"README.md": "x\n"})
    look(world)
    assert searched == [before]
    assert _merged(world) == "0.2.0-rc.1"


@pytest.mark.parametrize("lost", [paths.MERGED, paths.sighting("forge")])
def test_a_lost_note_only_means_a_longer_search(at: At, lost: str) -> None:
    world = world_of(at("released"))
    world.path(lost).unlink()
    look(world)
    assert _merged(world) == "0.2.0-rc.1"


def test_a_branch_that_was_pushed_back_takes_the_approval_with_it(at: At) -> None:
    project = at("approved")
    world = world_of(project)
    look(world)
    assert _merged(world) == "0.2.0-rc.1"
    g.git("update-ref", "refs/heads/main", "0.2.0-rc.1", repo=project.source)
    look(world)
    assert _merged(world) is None


# what a pull request's branch stands for


def test_a_branch_stands_for_the_candidate_it_names(at: At) -> None:
    project = at("waiting")
    world = world_of(project)
    look(world)
    [pull] = connect(world).pulls("bot-promote-rc")
    assert candidate_of(world, pull) == "0.2.0-rc.1"


@pytest.mark.parametrize("what", [_lose_the_branch, _spoil_the_branch])
def test_a_branch_that_is_gone_or_another_stands_for_none(
    at: At, what: Callable[[Project], None]
) -> None:
    project = at("waiting")
    what(project)
    world = world_of(project)
    look(world)
    [pull] = connect(world).pulls("bot-promote-rc")
    assert candidate_of(world, pull) == ""


def test_a_branch_that_moved_after_the_look_has_to_be_looked_at_again(at: At) -> None:
    project = at("waiting")
    world = world_of(project)
    look(world)
    _mend(project)
    [pull] = connect(world).pulls("bot-promote-rc")
    assert candidate_of(world, pull) == ""
    look(world)
    assert candidate_of(world, pull) == "0.2.0-rc.1"
