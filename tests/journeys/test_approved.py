"""What is released is what was approved: nothing else, nothing more, and nothing afterwards."""

from __future__ import annotations

import hashlib
import json

import pytest

from tasks.forge import trailers
from tasks.kernel import git as g
from tests.journeys.conftest import At
from tests.project import Project

HOLDS = {"server/main.py": "print('holds')\n"}
WEB2 = "images:\n  web2: {inputs: [web], context: web, dockerfile: Dockerfile}\n"


def test_an_image_that_joins_after_a_release_is_no_part_of_it(at: At) -> None:
    project = at("released")
    project.commit("feat: a garden", {"garden/Dockerfile": "FROM scratch\nCOPY . /srv\n"})
    project.replace("  web: [web]\n", "  web: [web]\n  garden: [garden]\n")
    image = "images:\n  garden: {inputs: [garden], context: garden, dockerfile: Dockerfile}\n"
    project.replace("images:\n", image)

    said = json.loads(project.doit("plan", "--json").out)
    run = project.doit("release")

    assert run.code == 4, run.err
    assert set(project.images()["garden"]) == {"0.3.0-rc.1", "edge"}
    assert sorted(run.ran) == sorted(
        step["name"] for step in said if step["state"] != "current" and not step["observer"]
    )


def test_settings_that_change_after_a_release_are_for_the_next_one(at: At) -> None:
    project = at("released")
    finals = project.images()["server"]["0.2.0"]
    project.replace("binary: shop}", "binary: shop, args: {A: b}}")
    project.commit("feat: a third shelf", HOLDS)
    assert project.doit("release").code == 4
    assert "0.3.0-rc.1" in project.tags()
    assert project.images()["server"]["0.2.0"] == finals


def test_a_binary_that_is_renamed_after_a_release_is_for_the_next_one(at: At) -> None:
    project = at("released")
    build = project.file("build.py").replace("dist/shop", "dist/shop2")
    dockerfile = project.file("server/Dockerfile").replace("shop VERSION", "shop2 VERSION")
    project.commit("feat: shop2", {"build.py": build, "server/Dockerfile": dockerfile})
    project.replace("name: shop,", "name: shop2,")
    project.replace("output: dist/shop", "output: dist/shop2")
    project.replace("binary: shop}", "binary: shop2}")
    run = project.doit("release")
    assert run.code == 4, run.err
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert (project.world / "forge/releases/0.3.0/assets/shop2").exists()


def test_an_approved_image_that_left_the_pipeline_is_missed_before_anything_is_public(
    at: At,
) -> None:
    project = at("seeded")
    project.replace("images:\n", WEB2)
    assert project.doit("release").code == 4
    assert project.approve().code == 0
    project.replace(WEB2, WEB2.replace("web2", "web3"))

    run = project.doit("release")

    assert run.code == 2
    assert "approved, but not in pipeline.yml: web2" in run.err
    assert "0.2.0" not in project.tags()
    assert project.releases() == {}
    assert "latest" not in project.images()["server"]
    assert "web3" not in project.images()
    project.replace(WEB2.replace("web2", "web3"), WEB2)
    assert project.doit("release").code == 0


def test_three_lines_in_a_message_release_nothing(at: At) -> None:
    project = at("waiting")
    commit = project.tags()["0.2.0-rc.1"]
    project.commit(f"docs: a note\n\n{trailers('9.9.9-rc.1', '9.9.9', commit)}", {"a": "b"})
    run = project.doit("release")
    assert run.code == 4, run.err
    assert "9.9.9" not in project.tags()
    assert project.releases() == {}
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert project.releases() == {"0.2.0": True}


def test_a_draft_that_was_tampered_with_its_checksums_is_made_right(at: At) -> None:
    project = at("approved")
    project.doit("release", env={"SLIPWAY_KILL_AT": "draft:recorded"})
    assets = project.world / "forge/releases/0.2.0/assets"
    right = (assets / "shop").read_bytes()
    (assets / "shop").write_bytes(b"evil")
    (assets / "checksums.txt").write_text(f"{hashlib.sha256(b'evil').hexdigest()}  shop\n")
    assert project.doit("release").code == 0
    assert (assets / "shop").read_bytes() == right


def test_an_asset_that_nobody_approved_is_not_published(at: At) -> None:
    project = at("approved")
    project.doit("release", env={"SLIPWAY_KILL_AT": "draft:recorded"})
    (project.world / "forge/releases/0.2.0/assets/extra.sh").write_text("evil\n")
    run = project.doit("release")
    assert run.code == 2
    assert "nobody approved extra.sh" in run.err
    assert project.releases() == {"0.2.0": False}


def test_an_untested_binary_does_not_ship(at: At) -> None:
    """The candidate's image is gone, and the compiler never makes the same bytes twice."""
    project = at("seeded")
    build = (
        "import os, pathlib\npathlib.Path('dist').mkdir()\n"
        "pathlib.Path('dist/shop').write_bytes(os.urandom(64))\n"
    )
    project.commit("feat: a build with a mind of its own", {"build.py": build})
    assert project.doit("release").code == 4
    assert project.approve().code == 0
    project.lose_image("server")
    run = project.doit("release")
    assert run.code == 2
    assert "compiling it again gives other bytes" in run.err
    assert not any(project.releases().values())


def test_a_binary_that_can_be_made_again_ships_and_says_so(at: At) -> None:
    project = at("approved")
    project.lose_image("server")
    run = project.doit("release")
    assert "compiled again, byte for byte the one that was tested" in run.err
    assert project.releases() == {"0.2.0": True}


def test_a_changelog_that_went_on_below_is_taken_in(at: At) -> None:
    project = at("waiting")
    project.commit("docs: a word", {"CHANGELOG.md": "# Changelog\n\n## [0.1.0] - now\n\n- 1st.\n"})
    run = project.doit("release")
    assert run.code == 4
    assert "promote" in run.acted
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    text = project.file("CHANGELOG.md")
    assert text.index("## [0.2.0]") < text.index("- 1st.")
    assert project.releases() == {"0.2.0": True}


def test_history_that_was_dropped_does_not_come_back(at: At) -> None:
    project = at("waiting")
    g.git("update-ref", "refs/heads/main", "main~1", repo=project.source)
    before = project.refs()["refs/heads/main"]
    project.doit("release")
    run = project.approve()
    assert run.code == 1
    assert "which main does not hold" in run.err
    assert project.refs()["refs/heads/main"] == before


def test_code_on_the_promotion_branch_is_told_and_refused(at: At) -> None:
    project = at("waiting")
    project.commit("feat: sneaky", HOLDS, branch="bot-promote-rc")
    run = project.doit("release")
    assert "changes more than a promotion may: server/main.py" in run.err
    approved = project.approve()
    assert approved.code == 1
    assert "server/main.py" in approved.err
    assert project.pulls()[0]["state"] == "open"


def test_a_promotion_branch_that_was_reset_is_made_again(at: At) -> None:
    project = at("waiting")
    g.git("update-ref", "refs/heads/bot-promote-rc", "refs/heads/main", repo=project.source)
    run = project.doit("release")
    assert run.code == 4
    assert run.acted == {"promote"}
    assert project.approve().code == 0
    assert project.doit("release").code == 0


def test_what_was_squashed_is_not_approved_again(at: At) -> None:
    project = at("waiting")
    project.squash_by_hand("bot-promote-rc", "Release it (#1)")
    assert project.doit("release").code == 0
    run = project.approve()
    assert run.code == 1
    assert "0.2.0-rc.1 was merged before" in run.err


def test_words_of_people_are_kept_when_a_newer_candidate_takes_over(at: At) -> None:
    project = at("waiting")
    changelog = project.file("CHANGELOG.md", "bot-promote-rc").replace("A second", "Two")
    words = project.commit("docs: words", {"CHANGELOG.md": changelog}, branch="bot-promote-rc")
    project.commit("fix: hold", HOLDS)
    run = project.doit("release")
    assert run.code == 4
    kept = f"refs/slipway/kept/{words[:12]}"
    assert kept in run.err
    assert project.refs()[kept] == words
    assert kept in str(project.pulls()[0]["comments"])


def test_a_branch_of_that_name_that_is_somebodys_own_is_not_replaced(at: At) -> None:
    project = at("seeded")
    g.git("branch", "bot-promote-rc", "main", repo=project.source)
    theirs = project.commit("feat: mine", {"mine": "x"}, branch="bot-promote-rc")
    assert "is somebody's own work" in project.doit("plan").out
    run = project.doit("release")
    assert run.code == 2
    assert "is somebody's own work" in run.err
    assert project.refs()["refs/heads/bot-promote-rc"] == theirs


def test_a_candidate_that_somebody_moved_is_not_approved(at: At) -> None:
    project = at("waiting")
    project.move_image("server", "0.2.0-rc.1", "web")
    run = project.approve()
    assert run.code == 1
    assert "does not have server 0.2.0-rc.1 as it was built" in run.err
    assert project.pulls()[0]["state"] == "open"


@pytest.mark.parametrize(
    ("station", "task", "moving", "version"),
    [("waiting", "push:web", "edge", "0.2.0-rc.2"), ("released", "final:web", "latest", "0.3.0")],
)
def test_killed_between_a_tag_and_the_name_that_moves_along(
    at: At, station: str, task: str, moving: str, version: str
) -> None:
    project = at(station)
    message = "fix: hold" if station == "waiting" else "feat: hold"
    project.commit(message, HOLDS)
    if station == "released":
        assert project.doit("release").code == 4
        assert project.approve().code == 0
    killed = project.doit("release", env={"SLIPWAY_KILL_AT": f"{task}:tagged"})
    assert killed.code == -9
    assert project.images()["web"][moving] != project.images()["web"][version]
    assert project.doit("release").code in (0, 4)
    assert project.images()["web"][moving] == project.images()["web"][version]


def test_a_revert_by_git_stops_nothing(at: At) -> None:
    project = at("released")
    project.commit('Revert "feat: a second shelf"\n\nThis reverts it.', HOLDS)
    assert project.doit("release").code == 0


def test_a_changelog_that_is_a_link_is_refused(at: At) -> None:
    project = at("seeded")
    project.commit("docs: move", {"docs/CL.md": "# Changelog\n"})
    project.commit_link("docs: link", "CHANGELOG.md", "docs/CL.md")
    run = project.doit("release")
    assert run.code == 2
    assert "CHANGELOG.md is a link" in run.err
    assert not project.pulls()


def _lose(project: Project, name: str) -> None:
    (project.folder / name).write_text("")


def test_a_damaged_mirror_is_fetched_again(at: At) -> None:
    project = at("waiting")
    _lose(project, "build/mirrors/source.git/HEAD")
    assert project.doit("release").ran == ["gate"]


def test_a_damaged_database_is_set_aside(at: At) -> None:
    project = at("waiting")
    (project.folder / ".doit.db").write_bytes(b"no database at all, but long enough to be read")
    run = project.doit("release")
    assert run.code == 4, run.err
    assert "Traceback" not in run.err
    assert ".doit.db" in run.err


def test_a_build_folder_that_is_none_is_told(at: At) -> None:
    project = at("seeded")
    (project.folder / "build").write_text("a file\n")
    run = project.doit("release")
    assert run.code == 2
    assert "build" in run.err
    assert "make room, or give this user the right" in run.err


def test_other_settings_than_were_approved_ship_nothing(at: At) -> None:
    project = at("approved")
    project.replace("context: web, dockerfile: Dockerfile, app", "context: server, app")
    run = project.doit("release")
    assert run.code == 2
    assert "has other settings than the candidate was built by: web" in run.err
    assert project.releases() == {}
    assert "0.2.0" not in project.tags()
    assert "0.2.0" not in project.images()["server"]
    project.replace("context: server, app", "context: web, dockerfile: Dockerfile, app")
    assert project.doit("release").code == 0


def test_other_settings_than_were_built_cannot_be_approved(at: At) -> None:
    project = at("waiting")
    project.replace("context: web, dockerfile: Dockerfile, app", "context: server, app")
    run = project.approve()
    assert run.code == 2
    assert "has other settings than the candidate was built by: web" in run.err
    assert project.pulls()[0]["state"] == "open"


def test_settings_that_change_after_a_release_leave_an_idle_run_idle(at: At) -> None:
    project = at("released")
    project.replace("binary: shop}", "binary: shop, args: {A: b}}")
    for _ in range(2):
        run = project.doit("release")
        assert run.code == 0, run.err
    project.commit("docs: how to shop", {"README.md": "x\n"})
    assert project.doit("release").code == 0


def test_an_image_that_cannot_be_built_leaves_the_others_alone(at: At) -> None:
    project = at("waiting")
    dockerfile = project.file("web/Dockerfile") + "RUN id\n"
    project.commit("feat: a run", {"web/Dockerfile": dockerfile, "server/main.py": "print(3)\n"})
    run = project.doit("release")
    assert run.code == 2
    assert "✗ image:web" in run.err
    assert "push:server" not in run.ran
    assert set(project.images()["server"]) == {"0.2.0-rc.1", "edge"}


def test_a_git_that_was_killed_in_the_mirror_is_no_obstacle(at: At) -> None:
    project = at("released")
    for name in ("refs/heads/main.lock", "HEAD.lock", "packed-refs.lock"):
        (project.folder / "build/mirrors/source.git" / name).touch()
    project.commit("feat: a third shelf", HOLDS)
    assert project.doit("release").code == 4
    assert "0.3.0-rc.1" in project.tags()


@pytest.mark.parametrize("left", [0, 3000, 60000])
def test_a_database_that_was_cut_is_set_aside(at: At, left: int) -> None:
    project = at("released")
    database = project.folder / ".doit.db"
    content = database.read_bytes()[:left]
    database.write_bytes(content)
    for words in (["status"], ["release"]):
        run = project.doit(*words)
        assert run.code == 0, run.err
        assert "Traceback" not in run.err + run.out


def test_a_folder_in_the_place_of_the_database_is_set_aside(at: At) -> None:
    project = at("released")
    (project.folder / ".doit.db").unlink()
    (project.folder / ".doit.db").mkdir()
    run = project.doit("release")
    assert run.code == 0, run.err
    assert "Traceback" not in run.err


def test_after_a_broken_look_nothing_runs_again(at: At) -> None:
    """doit itself forgets all that only waited for what failed."""
    project = at("released")
    head = project.source / "HEAD"
    head.rename(project.source / "HEAD.away")
    assert project.doit("release").code == 2
    (project.source / "HEAD.away").rename(head)
    run = project.doit("release")
    assert run.code == 0, run.err
    assert run.ran == []
