"""The first look at a repository with a past of its own: only what is new is proposed."""

from __future__ import annotations

import pytest

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


# a repository that another pipeline has released for years


def _years(project: Project, releases: int = 300) -> str:
    """Give the source a long history: candidates, releases, a changelog; return the old head."""
    stream, changelog = [], "# Changelog\n"
    for number in range(1, releases + 1):
        version = f"0.{number}.0"
        changelog = changelog.replace(
            "# Changelog\n", f"# Changelog\n\n## [{version}] - 2020-01-01\n\n- Change {number}\n", 1
        )
        when = f"Old Bot <bot@example.org> {1577836800 + number * 3600} +0000"
        for subject, file, text in (
            (f"feat: change {number}", "server/main.py", f"print({number})\n"),
            (f"chore(release): {version}", "CHANGELOG.md", changelog),
        ):
            size, words = len(text.encode()), len(subject)
            stream.append(f"commit refs/heads/main\ncommitter {when}\ndata {words}\n{subject}\n")
            if not stream[1:]:
                stream.append("from refs/heads/main^0\n")
            stream.append(f"M 100644 inline {file}\ndata {size}\n{text}\n")
            if file == "server/main.py":
                stream.append(f"reset refs/tags/{version}-rc.1\nfrom refs/heads/main\n\n")
        stream.append(f"reset refs/tags/{version}\nfrom refs/heads/main\n\n")
    g.git("fast-import", "--quiet", "--force", repo=project.source, stdin="".join(stream).encode())
    return g.text("rev-parse", "main", repo=project.source)


def _publish(project: Project, *tags: str) -> None:
    """Have releases on the forge, as the old pipeline made them."""
    from tasks.forge.local import LocalForge

    forge = LocalForge(project.world / "forge", str(project.source))
    for tag in tags:
        forge.draft(tag, project.tags()[tag], tag, "as it was")
        forge.attach(tag, "shop", b"old binary")
        forge.publish(tag)


def _old_bot(project: Project) -> str:
    """Have the old pipeline's promotion open, from the very branch that ours would use."""
    from tasks.forge import NewPull
    from tasks.forge.local import LocalForge

    main = g.text("rev-parse", "main", repo=project.source)
    g.git("update-ref", "refs/heads/bot-promote-rc", main, repo=project.source)
    head = project.commit(
        "chore: promote rc", {"CHANGELOG.md": "# Changelog\n\nby the old bot\n"}, "bot-promote-rc"
    )
    new = NewPull("ci: promote rc", "By the old bot.", "bot-promote-rc", "main", ("promote-rc",))
    LocalForge(project.world / "forge", str(project.source)).open_pull(new)
    return head


@pytest.mark.slow
def test_years_of_releases_propose_nothing_but_what_is_new(at: At) -> None:
    project = at("seeded")
    _years(project)
    _publish(project, "0.299.0", "0.300.0")
    before = project.outside()
    run = project.doit("plan", "release")
    assert run.code == 0, run.err
    assert "would change outside" not in run.out
    assert "would fail" not in run.out
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.effects() == []
    assert project.outside() == before
    project.commit("feat: what is new", {"server/main.py": "print('new')\n"})
    run = project.doit("plan", "release")
    assert "tag 0.301.0-rc.1 at" in run.out
    told = run.out.partition("would change outside")[2]
    assert "0.300" not in told
    assert project.doit("release").code == 4
    new = project.outside()
    assert set(project.tags()) - set(before["refs"]) >= {"0.301.0-rc.1"}  # type: ignore[call-overload]
    assert new["releases"] == before["releases"]
    changelog = project.file("CHANGELOG.md", "bot-promote-rc")
    assert changelog.endswith(project.file("CHANGELOG.md").removeprefix("# Changelog\n"))
    assert changelog.count("What is new") == 1
    assert changelog.count("Change 300\n") == 1


def test_the_old_pipelines_open_promotion_is_not_touched_unless_it_is_said(at: At) -> None:
    project = at("seeded")
    theirs = _old_bot(project)
    pulls = project.pulls()
    for command in (("plan",), ("release",)):
        run = project.doit(*command)
        said = run.out + run.err
        assert "the branch bot-promote-rc is somebody's own work" in said
        assert "pull request #1 is open from it: “ci: promote rc”" in said
        assert "promotion.take-over: true takes it over" in said
        assert "Traceback" not in said
    assert run.code == 2
    assert project.refs()["refs/heads/bot-promote-rc"] == theirs
    assert project.pulls() == pulls
    assert "promote" not in project.effects()


def test_the_old_pipelines_open_promotion_is_taken_over_as_configured(at: At) -> None:
    project = at("seeded")
    theirs = _old_bot(project)
    project.configure("promotion: {take-over: true}\n")
    run = project.doit("plan")
    assert "a draft pull request that promotes 0.2.0-rc.1" in run.out
    assert project.doit("release").code == 4
    [pull] = project.pulls()
    assert pull["title"] == "chore(release): 0.2.0"
    assert "Slipway-Candidate: 0.2.0-rc.1" in str(pull["body"])
    comment = str(pull["comments"])
    assert "takes this pull request over" in comment
    kept = f"refs/slipway/kept/{theirs[:12]}"
    assert kept in comment
    assert project.refs()[kept] == theirs
    assert project.doit("release").ran == ["gate"]
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert project.releases() == {"0.2.0": True}
