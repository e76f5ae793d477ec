"""The first look at a repository with a past of its own: only what is new is proposed."""

from __future__ import annotations

from tasks.kernel import git as g
from tests.journeys.conftest import At
from tests.project import Project


def _tag(project: Project, name: str, at: str = "main") -> None:
    g.git("tag", "--", name, at, repo=project.source)


def test_the_head_is_a_release(at: At) -> None:
    project = at("seeded")
    _tag(project, "0.2.0")
    run = project.doit("release")
    assert run.code == 0, run.err
    assert "nothing to release" in run.err
    assert project.effects() == []
    assert project.doit("release").ran == []


def test_the_head_has_a_candidate_of_another_tool(at: At) -> None:
    """Its number is kept; a tag that stands needs no reservation."""
    project = at("seeded")
    _tag(project, "0.2.0-rc.7")
    run = project.doit("release")
    assert run.code == 4, run.err
    assert sorted(project.tags()) == ["0.1.0", "0.2.0-rc.7"]
    assert project.refs("refs/slipway/candidates") == {}
    assert project.doit("release").ran == ["gate"]


def test_nothing_but_chores_ever(at: At) -> None:
    project = at("seeded")
    _tag(project, "0.2.0")
    project.commit("chore: sweep", {"server/main.py": "print('swept')\n"})
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.effects() == []


def test_a_tag_prefix(at: At) -> None:
    project = at("seeded")
    g.git("tag", "-d", "0.1.0", repo=project.source)
    first = g.text("rev-list", "--max-parents=0", "main", repo=project.source)
    _tag(project, "v0.1.0", first)
    project.commit("ci: a prefix", {"cog.toml": 'tag_prefix = "v"\n'})
    assert project.doit("release").code == 4
    assert "v0.2.0-rc.1" in project.tags()
    assert "0.2.0-rc.1" in project.images()["web"]
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert project.releases() == {"v0.2.0": True}
    assert "v0.2.0" in project.tags()
    assert project.doit("release").ran == []


def test_a_pipeline_without_images(at: At) -> None:
    project = at("seeded")
    text = (project.folder / "pipeline.yml").read_text()
    head, _, rest = text.partition("images:")
    _, _, tail = rest.partition("registry:")
    (project.folder / "pipeline.yml").write_text(f"{head}registry:{tail}")
    assert project.doit("release").code == 4
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert project.releases() == {"0.2.0": True}


def test_what_can_be_released_comes_after_all(at: At) -> None:
    """Nothing at first, then a feature: what the empty run left is in nobody's way."""
    project = at("seeded")
    _tag(project, "0.2.0")
    assert project.doit("release").code == 0
    project.commit("feat: a third shelf", {"server/main.py": "print('three')\n"})
    run = project.doit("release")
    assert run.code == 4, run.err
    assert "0.3.0-rc.1" in project.tags()
