"""Publication: everything is read back before anybody sees it. And the gate before it all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.actions import Gate
from tasks.kernel.effects import Skip, carry_out
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import Forecast, World
from tasks.registry import LayoutRegistry
from tasks.release import gate, publish, refs
from tests.journeys.conftest import At
from tests.project import Project
from tests.rooms import Outside, edit_json, head, look, receipt, world_of


@pytest.fixture
def released(at: At, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = at("released")
    monkeypatch.setattr(paths, "ROOT", project.folder)
    return project


@pytest.fixture
def drafted(released: Project) -> Project:
    """All but the last step is done."""
    edit_json(_release(released) / "release.json", draft=True)
    return released


def _release(project: Project) -> Path:
    return project.world / "forge/releases/0.2.0"


def _publish(project: Project) -> str:
    return carry_out(publish.EFFECT, world_of(project))


def test_what_was_read_back_as_right_is_published(drafted: Project) -> None:
    says = _publish(drafted)
    assert says == "release 0.2.0: 2 images, checksums.txt, shop, notes; read back and verified"
    assert drafted.releases() == {"0.2.0": True}
    told = receipt(world_of(drafted), "publish")
    assert told["claims"] == {"forge": {"release:0.2.0": "published"}}
    assert told["commit"] == drafted.tags()["0.2.0"]
    assert {name: image["digest"] for name, image in told["images"].items()} == {
        name: tags["0.2.0"] for name, tags in drafted.images().items()
    }


def test_what_is_published_is_not_touched_again(released: Project) -> None:
    before = (_release(released) / "release.json").stat().st_mtime_ns
    assert _publish(released) == "0.2.0 is published"
    assert (_release(released) / "release.json").stat().st_mtime_ns == before


def _refused(project: Project, says: str) -> str:
    with pytest.raises(SlipwayError, match=says) as error:
        _publish(project)
    assert project.releases() == {"0.2.0": False}
    return str(error.value)


def test_an_asset_that_came_back_changed_is_not_published(drafted: Project) -> None:
    (_release(drafted) / "assets/shop").write_bytes(b"patched")
    text = _refused(drafted, "the asset shop came back changed")
    assert receipt(world_of(drafted), "draft")["assets"]["shop"] in text


def test_an_asset_that_is_gone_is_not_published(drafted: Project) -> None:
    (_release(drafted) / "assets/checksums.txt").unlink()
    _refused(drafted, r"no asset checksums\.txt")


def test_an_image_that_came_back_changed_is_not_published(drafted: Project) -> None:
    right = drafted.images()["server"]["0.2.0"]
    other = drafted.images()["server"]["0.2.0-rc.1"]
    LayoutRegistry(drafted.world / "registry").move("server", "0.2.0", other)
    text = _refused(drafted, "the image server came back changed")
    assert right in text
    assert other in text


def test_an_image_that_is_gone_is_not_published(drafted: Project) -> None:
    LayoutRegistry(drafted.world / "registry").delete_tag("web", "0.2.0")
    assert "nothing" in _refused(drafted, "the image web came back changed")


def test_without_its_draft_nothing_is_published(drafted: Project) -> None:
    shutil.rmtree(_release(drafted))
    with pytest.raises(SlipwayError):
        _publish(drafted)
    assert drafted.releases() == {}


def test_without_an_approval_there_is_nothing_to_publish(at: At) -> None:
    world = world_of(at("waiting"))
    assert publish.want(world) == Skip("no promotion was merged yet")
    assert publish.want_tag(world) == Skip("no promotion was merged yet")


# tags


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside(tmp_path / "shop")
    outside.start()
    monkeypatch.setattr(paths, "ROOT", outside.folder)
    return outside


def _tag(world: World, name: str = "v1.0.0") -> refs.Tag:
    return refs.Tag(name, head(world), "take the next number")


def test_a_tag_is_made_once(outside: Outside) -> None:
    world = outside.look()
    wanted = _tag(world)
    seen = refs.observe(world, wanted)
    assert (seen.done, seen.says) == (False, "v1.0.0 is free")
    refs.act(world, wanted, seen)
    assert outside.tags() == {"v1.0.0": wanted.commit}
    assert refs.observe(world, wanted).done
    assert refs.claims(wanted, seen) == {"source": {"refs/tags/v1.0.0": wanted.commit}}
    refs.act(world, wanted, seen)  # a reply was lost: the same once more is no error


def test_an_annotated_tag_on_our_commit_is_ours(outside: Outside) -> None:
    world = outside.look()
    who = g.identity("Ada", "ada@example.org", "1767225600 +0000")
    g.git("tag", "-a", "-m", "by hand", "v1.0.0", "main", repo=outside.source, env=who)
    assert refs.observe(world, _tag(world)).done


def test_a_tag_on_another_commit_names_both_and_stays(outside: Outside) -> None:
    world = outside.look()
    older = _tag(world)
    outside.commit("feat: a shelf", {})
    g.git("tag", "v1.0.0", "main", repo=outside.source)
    with pytest.raises(SlipwayError, match="stands on another commit") as error:
        refs.observe(world, older)
    there = outside.tags()["v1.0.0"]
    assert error.value.detail == (f"there   {there}", f"wanted  {older.commit}")
    assert error.value.fix == "take the next number"


def test_a_tag_that_somebody_makes_meanwhile_is_not_overwritten(outside: Outside) -> None:
    world = outside.look()
    older = _tag(world)
    seen = refs.observe(world, older)
    outside.commit("feat: a shelf", {})
    g.git("tag", "v1.0.0", "main", repo=outside.source)
    there = outside.tags()
    with pytest.raises(SlipwayError, match="refs/tags/v1"):
        refs.act(world, older, seen)
    assert outside.tags() == there


# the gate


def _gate(project: Project) -> tuple[str, str]:
    world = world_of(project)
    with pytest.raises(Gate) as error:
        gate.gate(world)
    return error.value.what, error.value.fix


def test_it_waits_for_the_pull_request_of_the_candidate(at: At) -> None:
    what = "a human merges pull request #1 to release 0.2.0"
    assert _gate(at("waiting")) == (what, "doit approve:release")


def test_it_says_when_somebody_has_merged_it_meanwhile(at: At) -> None:
    what = "pull request #1 is merged: 0.2.0 can be released"
    assert _gate(at("approved")) == (what, "doit release")


def test_it_says_when_somebody_said_no(at: At) -> None:
    project = at("waiting")
    project.close_pull(1)
    what, command = _gate(project)
    assert what == "pull request #1 was closed: 0.2.0-rc.1 will not be released"
    assert command == "reopen it, or push a fix"


def test_without_its_pull_request_it_names_the_candidate(at: At) -> None:
    project = at("waiting")
    (project.world / "forge/pulls/1.json").unlink()
    what, _ = _gate(project)
    assert what == "a human merges the pull request of 0.2.0-rc.1 to release 0.2.0"


def test_it_is_open_when_the_candidate_is_out_or_there_is_none(released: Project) -> None:
    world = world_of(released)
    assert gate.gate(world) == "0.2.0 is released"
    world.write_json(paths.VERSION, {"version": None})
    assert gate.gate(world) == "nothing waits"


def test_another_candidate_of_the_same_version_still_waits(released: Project) -> None:
    """0.2.0 is out, but not from this commit."""
    world = world_of(released)
    version = world.json(paths.VERSION) | {"version": "0.2.0-rc.2", "commit": "f" * 40}
    world.write_json(paths.VERSION, version)
    assert not gate.is_open(world)


def test_a_plan_stops_where_the_run_would(at: At, tmp_path: Path) -> None:
    project = at("waiting")
    world = world_of(project)
    look(world)
    told = gate.foresee(Forecast(world, tmp_path / "scratch"))
    assert (told.waits, told.says) == (True, "a human decides on 0.2.0-rc.1")
