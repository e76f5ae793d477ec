"""From a commit to a published release, and what an idle run does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from tasks.kernel import git as g
from tests.journeys.conftest import At
from tests.project import Project

FRESH_RUN = [
    "check:messages",
    "check:unit",
    "check:web",
    "statuses",
    "withdraw",
    "draft",
    "final:server",
    "final:web",
    "tag",
    "publish",
    "intact",
    "counter",
    "version",
    "app:web",
    "binary",
    "image:server",
    "image:web",
    "push:server",
    "push:web",
    "candidate",
    "changelog",
    "promote",
    "gate",
]


def test_a_commit_becomes_a_candidate_and_waits_for_a_human(at: At) -> None:
    project = at("seeded")
    head = project.refs()["refs/heads/main"]

    run = project.doit("release")

    assert run.code == 4
    assert sorted(run.ran) == sorted(FRESH_RUN)
    assert "a human merges pull request #1 to release 0.2.0" in run.err
    assert "doit approve:release" in run.err
    assert run.out == ""
    assert project.tags()["0.2.0-rc.1"] == head
    assert project.refs()["refs/slipway/candidates/0.2.0-rc.1"] == head
    assert set(project.images()["web"]) == {"0.2.0-rc.1", "edge"}
    [pull] = project.pulls()
    assert (pull["state"], pull["draft"], pull["labels"]) == ("open", True, ["promote-rc"])
    assert project.releases() == {}


def test_a_human_says_yes_and_it_is_published(at: At) -> None:
    project = at("waiting")
    candidate = project.tags()["0.2.0-rc.1"]

    approved = project.approve()
    assert approved.code == 0
    assert "pull request #1 releases 0.2.0, built and tested as 0.2.0-rc.1" in approved.out
    assert "- A second shelf" in approved.out

    run = project.doit("release")

    assert run.code == 0, run.err
    assert project.tags()["0.2.0"] == candidate
    assert project.releases() == {"0.2.0": True}
    assert set(project.images()["server"]) == {"0.2.0-rc.1", "edge", "0.2.0", "latest"}
    assert project.pulls()[0]["state"] == "merged"
    assets = project.world / "forge/releases/0.2.0/assets"
    binary = (assets / "shop").read_bytes()
    told = (assets / "checksums.txt").read_text()
    assert told == f"{hashlib.sha256(binary).hexdigest()}  shop\n"
    assert binary == (project.folder / "build/binary/shop").read_bytes()
    assert f"# 0.2.0 {candidate}".encode() in binary


def test_three_more_runs_only_look(at: At) -> None:
    project = at("released")
    before = project.outside()
    for _ in range(3):
        run = project.doit("release")
        assert (run.code, run.ran) == (0, [])
    assert project.outside() == before


def test_three_more_runs_before_the_gate_only_look_and_wait(at: At) -> None:
    project = at("waiting")
    before = project.outside()
    for _ in range(3):
        run = project.doit("release")
        assert (run.code, run.ran) == (4, ["gate"])
    assert project.outside() == before


def test_one_changed_file_of_one_image_runs_what_is_downstream_of_it(at: At) -> None:
    project = at("released")
    commit = project.commit("fix: a greener shelf", {"web/index.html": "<h1>green</h1>\n"})

    run = project.doit("release")

    assert run.code == 4
    # The check of the server does not run again. Nothing behind the gate wakes. Every image is
    # stamped with the new version; the server's layers are those that are there already.
    assert sorted(run.ran) == sorted(
        [
            "check:messages",
            "check:web",
            "statuses",
            "version",
            "app:web",
            "binary",
            "image:server",
            "image:web",
            "push:server",
            "push:web",
            "candidate",
            "changelog",
            "promote",
            "gate",
        ]
    )
    assert project.tags()["0.2.1-rc.1"] == commit


def test_a_commit_that_touches_nothing_released_makes_no_candidate(at: At) -> None:
    project = at("released")
    project.commit("docs: how to shop", {"README.md": "Shop here.\n"})
    run = project.doit("release")
    assert run.code == 0
    assert run.acted == {"check:messages", "version"}
    assert set(project.tags()) == {"0.1.0", "0.2.0-rc.1", "0.2.0"}


def test_a_chore_makes_no_candidate_and_that_is_success(at: At) -> None:
    project = at("released")
    project.commit("chore: sweep", {"server/main.py": "print('swept')\n"})
    run = project.doit("release")
    assert run.code == 0
    assert "nothing to release" in run.err
    assert set(project.tags()) == {"0.1.0", "0.2.0-rc.1", "0.2.0"}


def test_a_newer_candidate_takes_the_pull_request_over(at: At) -> None:
    project = at("waiting")
    commit = project.commit("fix: the second shelf holds", {"server/main.py": "print('holds')\n"})

    run = project.doit("release")

    assert run.code == 4
    assert project.tags()["0.2.0-rc.2"] == commit
    [pull] = project.pulls()
    assert "0.2.0-rc.2" in str(pull["body"])
    assert "takes over from 0.2.0-rc.1" in str(pull["comments"])


def test_a_commit_after_the_candidate_waits_for_its_own_release(at: At) -> None:
    """One run publishes the approved candidate and makes the next one of what came after it."""
    project = at("waiting")
    approved_commit = project.tags()["0.2.0-rc.1"]
    newer = project.commit("fix: the second shelf holds", {"server/main.py": "print('holds')\n"})
    assert project.approve().code == 0

    run = project.doit("release")

    assert run.code == 4, run.err
    assert project.releases() == {"0.2.0": True}
    assert project.tags()["0.2.0"] == approved_commit
    assert project.tags()["0.2.1-rc.1"] == project.refs()["refs/heads/main"]
    assert newer in _history(project, project.tags()["0.2.1-rc.1"])
    section = (project.folder / "build/changelog/section.md").read_text()
    assert "The second shelf holds" in section
    assert "A second shelf\n" not in section
    assert [pull["state"] for pull in project.pulls()] == ["merged", "open"]


def test_the_older_of_two_candidates_is_approved(at: At) -> None:
    """A human merges rc.1 before rc.2 has its pull request: rc.2 is spent, its change not lost."""
    project = at("waiting")
    older = project.tags()["0.2.0-rc.1"]
    project.commit("fix: the second shelf holds", {"server/main.py": "print('holds')\n"})
    killed = project.doit("release", env={"SLIPWAY_KILL_AT": "promote:observed"})
    assert killed.code == -9
    assert "0.2.0-rc.2" in project.tags()
    assert project.approve().code == 0

    run = project.doit("release")

    assert run.code == 4, run.err
    assert project.tags()["0.2.0"] == older
    assert project.releases() == {"0.2.0": True}
    assert project.tags()["0.2.1-rc.1"] == project.refs()["refs/heads/main"]
    assert "The second shelf holds" in (project.folder / "build/changelog/section.md").read_text()


def test_a_merge_made_by_hand_is_an_approval_too(at: At) -> None:
    project = at("waiting")
    project.merge_by_hand("bot-promote-rc")
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.releases() == {"0.2.0": True}


def test_a_human_mends_the_changelog_in_the_pull_request(at: At) -> None:
    """A commit on top of ours stays, and the notes are what was merged."""
    project = at("waiting")
    changelog = project.file("CHANGELOG.md", "bot-promote-rc").replace(
        "A second shelf", "Two shelves!"
    )
    project.commit("docs: a better word", {"CHANGELOG.md": changelog}, branch="bot-promote-rc")

    assert project.doit("release").ran == ["gate"]
    assert "Two shelves!" in project.approve().out
    assert project.doit("release").code == 0

    notes = (project.world / "forge/releases/0.2.0/release.json").read_text()
    assert "Two shelves!" in notes


def test_a_refused_candidate_is_not_offered_again(at: At) -> None:
    project = at("waiting")
    project.close_pull(1)
    run = project.doit("release")
    assert (run.code, run.ran) == (4, ["gate"])
    assert "pull request #1 was closed: 0.2.0-rc.1 will not be released" in run.err
    assert len(project.pulls()) == 1


def test_a_fresh_clone_goes_on_from_the_gate(at: At, clone: Callable[[Project], Project]) -> None:
    project = at("waiting")
    other = clone(project)
    assert other.approve().code == 0
    run = clone(project).doit("release")
    assert run.code == 0, run.err
    assert project.releases() == {"0.2.0": True}
    digests = project.images()
    assert project.doit("release").code == 0
    assert project.images() == digests


def test_a_fresh_clone_of_a_finished_release_changes_nothing(
    at: At, clone: Callable[[Project], Project]
) -> None:
    project = at("released")
    before = project.outside()
    other = clone(project)
    run = other.doit("release")
    assert run.code == 0, run.err
    assert not (other.folder / "build/logs/effects.log").exists()
    assert project.outside() == before
    assert other.doit("release").ran == []


def test_two_workers_end_where_one_does(at: At) -> None:
    one, two = at("seeded"), None
    assert one.doit("release").code == 4
    first = one.outside()
    two = Project.copy(one.folder, one.folder.parent / "two")
    two.start_over()
    two.seed()
    assert two.doit("-n", "2", "release").code == 4
    assert two.outside() == first
    assert two.approve().code == 0
    assert one.approve().code == 0
    assert two.doit("-n", "2", "release").code == 0
    assert one.doit("release").code == 0
    assert two.outside() == one.outside()
    assert two.doit("-n", "2", "release").ran == []


def test_a_lost_build_folder_costs_only_time(at: At) -> None:
    project = at("released")
    before = project.outside()
    project.lose_build()
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.outside() == before
    assert project.effects() == []
    assert project.doit("release").ran == []


def test_a_lost_database_costs_only_time(at: At) -> None:
    project = at("released")
    before, effects = project.outside(), project.effects()
    (project.folder / ".doit.db").unlink()
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.outside() == before
    assert project.effects() == effects
    assert project.doit("release").ran == []


def test_a_build_that_is_not_reproducible_ends_well(at: At) -> None:
    """What was pushed first counts; a lost build folder makes no second image of a candidate."""
    project = at("seeded")
    build = (
        "import os, pathlib\n"
        "pathlib.Path('dist').mkdir()\n"
        "pathlib.Path('dist/shop').write_bytes(os.urandom(64))\n"
    )
    project.commit("feat: a build with a mind of its own", {"build.py": build})
    assert project.doit("release").code == 4
    before = project.images()
    project.lose_build()
    assert project.doit("release").code == 4
    assert project.images() == before
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert (project.world / "forge/releases/0.2.0/assets/shop").stat().st_size == 64


def test_a_failing_check_holds_back_the_candidate_but_not_what_was_approved(at: At) -> None:
    project = at("approved")
    broken = {"server/main.py": "print(3)\n", "tests/check.py": "raise SystemExit('no shelf')\n"}
    project.commit("feat: a broken shelf", broken)

    run = project.doit("release")

    assert run.code == 1
    assert project.releases() == {"0.2.0": True}
    assert "0.3.0-rc.1" not in project.tags()
    assert "✗ check:unit" in run.err
    assert "no shelf" in run.err
    assert "build/logs/check.unit.log" in run.err

    project.commit("fix: a whole shelf", {"tests/check.py": "print('3 shelves')\n"})
    run = project.doit("release")
    assert run.code == 4
    assert "0.3.0-rc.1" in project.tags()


def _history(project: Project, commit: str) -> list[str]:
    return g.lines("rev-list", commit, repo=project.source)


def test_a_squashed_promotion_is_an_approval_too(at: At) -> None:
    """Whatever the forge calls that commit, nobody chose its message, so no check judges it."""
    project = at("waiting")
    project.squash_by_hand("bot-promote-rc", "Release it (#1)")
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.releases() == {"0.2.0": True}
    assert project.doit("release").ran == []


def test_a_draft_that_somebody_spoilt_is_made_whole_before_it_is_published(at: At) -> None:
    project = at("approved")
    project.doit("release", env={"SLIPWAY_KILL_AT": "draft:recorded"})
    asset = project.world / "forge/releases/0.2.0/assets/shop"
    asset.write_bytes(b"evil")
    assert project.doit("release").code == 0
    assert project.releases() == {"0.2.0": True}
    assert asset.read_bytes().startswith(b"#!/usr/bin/env python3\n# 0.2.0")


def test_a_published_release_that_somebody_spoilt_is_an_error_that_says_how(at: At) -> None:
    project = at("released")
    (project.world / "forge/releases/0.2.0/assets/shop").write_bytes(b"evil")
    for _ in range(2):
        run = project.doit("release")
        assert run.code == 1
        assert "✗ intact           release 0.2.0: it is published, but is not what was" in run.err
        assert "there   shop " in run.err
        assert "wanted  shop " in run.err


def test_a_spoilt_release_does_not_hold_back_the_next(at: At) -> None:
    project = at("released")
    asset = project.world / "forge/releases/0.2.0/assets/shop"
    right = asset.read_bytes()
    asset.unlink()
    project.commit("feat: a third shelf", {"server/main.py": "print('three')\n"})

    run = project.doit("release")

    assert run.code == 1
    assert "✗ intact" in run.err
    assert "0.3.0-rc.1" in project.tags()
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert project.releases() == {"0.2.0": True, "0.3.0": True}
    assert not asset.exists()
    asset.write_bytes(right)
    assert project.doit("release").code == 0


def test_an_image_that_is_new_in_the_pipeline_joins_the_next_candidate(at: At) -> None:
    project = at("waiting")
    extra = "images:\n  extra: {inputs: [web], context: web, dockerfile: Dockerfile}\n"
    project.replace("images:\n", extra)
    run = project.doit("release")
    assert run.code == 4, run.err
    assert "it joins with the next candidate: 0.2.0-rc.1 was promoted without it" in run.err
    assert "image:web" not in run.ran
    assert "extra" not in project.images()
    assert project.doit("release").ran == ["gate"]
    project.commit("feat: a third shelf", {"web/index.html": "<h1>three</h1>\n"})
    assert project.doit("release").code == 4
    assert set(project.images()["extra"]) == {"0.2.0-rc.2", "edge"}
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert set(project.images()["extra"]) == {"0.2.0-rc.2", "edge", "0.2.0", "latest"}


def test_a_branch_that_was_pushed_back_releases_nothing(at: At) -> None:
    project = at("waiting")
    g.git("update-ref", "refs/heads/main", "main~1", repo=project.source)
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.releases() == {}
