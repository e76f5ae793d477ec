"""`release:yank`: marks, never deletes; every stage respects it, wherever a run was killed."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tasks.forge import Refused, connect, yank_of
from tasks.kernel import git as g
from tasks.kernel.effects import carry_out
from tasks.release import withdraw
from tests.journeys.conftest import At
from tests.project import Project, Run
from tests.rooms import edit_json, look, world_of

WHO = ("--by=Grace", "--why=it loses data")
REF = "refs/slipway/yanked/0.2.0"


def _yank(project: Project, kill: str = "") -> Run:
    env = {"SLIPWAY_KILL_AT": kill} if kill else {}
    return project.doit("release:yank", "--version=0.2.0", *WHO, env=env)


def _page(project: Project) -> dict[str, str]:
    file = project.world / "forge/releases/0.2.0/release.json"
    told: dict[str, str] = json.loads(file.read_text())
    return told


def test_a_yanked_release_is_marked_and_nothing_of_it_is_deleted(at: At) -> None:
    project = at("released")
    before, tags = project.outside(), project.tags()
    run = _yank(project)
    assert run.code == 0, run.err
    assert "0.2.0 would be yanked; nothing is deleted" in run.out
    assert "0.2.0 is yanked by Grace: it loses data" in run.out
    assert project.tags() == tags
    assert g.text("log", "-1", "--format=%an %B", REF, "--", repo=project.source) == (
        "Grace yank 0.2.0\n\nVersion: 0.2.0\nBy: Grace\nWhy: it loses data\n"
    )
    page = _page(project)
    assert page["name"] == "0.2.0 (yanked)"
    assert page["notes"].startswith("<!-- Slipway-Yanked: 0.2.0 -->\n> **Yanked** by Grace on 20")
    assert "A second shelf" in page["notes"]
    now = project.outside()
    assert (now["releases"], now["pulls"]) == (before["releases"], before["pulls"])
    assert now["images"] == before["images"]  # there is no older release for `latest`


def test_afterwards_runs_say_so_and_idle_ones_are_idle(at: At) -> None:
    project = at("released")
    assert _yank(project).code == 0
    plan = project.doit("plan", "release", "--json")
    steps = json.loads(plan.out)
    said = [step for step in steps if step["state"] == "runs" and not step["observer"]]
    assert not [step for step in said if step["foreseen"]["means"]]
    run = project.doit("release")
    assert run.code == 0, run.err
    assert sorted(run.ran) == sorted(step["name"] for step in said)
    assert "0.2.0 is yanked by Grace: it loses data" in run.err
    assert "gate" in run.ran
    assert project.doit("release").ran == []
    status = project.doit()
    assert "release      0.2.0 is yanked by Grace: it loses data" in status.out
    assert "was released and yanked; a fix is the next release" in status.out


def test_a_fix_is_the_next_release_and_the_latest(at: At) -> None:
    project = at("released")
    assert _yank(project).code == 0
    project.commit("fix: it keeps data", {"server/main.py": "print('kept')\n"})
    assert project.doit("release").code == 4
    assert project.approve().code == 0
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.releases() == {"0.2.0": True, "0.2.1": True}
    assert json.loads((project.world / "forge/latest.json").read_text()) == {"tag": "0.2.1"}


def _second(at: At) -> Project:
    """Two releases, the older one first."""
    project = at("released")
    project.commit("fix: a firm shelf", {"server/main.py": "print('firm')\n"})
    assert project.doit("release").code == 4
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    return project


def test_the_latest_goes_back_to_the_newest_that_is_not_yanked(at: At) -> None:
    project = _second(at)
    images = project.images()
    assert images["server"]["latest"] == images["server"]["0.2.1"]
    run = project.doit("release:yank", "version=0.2.1", "by=Grace", "why=it loses data")
    assert run.code == 0, run.err
    assert "latest       0.2.0" in run.out
    now = project.images()
    for name in ("server", "web"):
        assert now[name]["latest"] == now[name]["0.2.0"]
        assert now[name]["0.2.1"] == images[name]["0.2.1"]
    assert json.loads((project.world / "forge/latest.json").read_text()) == {"tag": "0.2.0"}
    assert project.doit("release").code == 0
    assert project.doit("release").ran == []
    assert project.images() == now


def test_an_older_release_is_yanked_and_the_newest_stays_as_it_is(at: At) -> None:
    project = _second(at)
    images = project.images()
    assert _yank(project).code == 0
    assert project.images() == images
    assert json.loads((project.world / "forge/latest.json").read_text()) == {"tag": "0.2.1"}
    run = project.doit("release")
    assert (run.code, run.acted) == (0, {"withdraw"})  # it was the command that did it
    assert project.doit("release").ran == []


def test_each_part_that_the_forge_refuses_is_told_and_the_others_are_done(at: At) -> None:
    project = _second(at)
    for version in ("0.2.0", "0.2.1"):
        g.git("update-ref", f"refs/slipway/yanked/{version}", "main", repo=project.source)
    world = world_of(project)
    look(world)
    real = connect(world)

    class Stern:
        """Takes no words for one page."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def retitle(self, tag: str, name: str, notes: str) -> None:
            if tag == "0.2.0":
                raise Refused(f"release {tag} cannot be changed")
            real.retitle(tag, name, notes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(withdraw, "connect", lambda *_: Stern())
        says = carry_out(withdraw.EFFECT, world)
    refused = "the page of 0.2.0 (release 0.2.0 cannot be changed)"
    assert says == f"0.2.0, 0.2.1: yanked, but the forge does not take {refused}"
    assert world.json("build/receipts/withdraw.json")["declined"] == ["the page of 0.2.0"]
    file = project.world / "forge/releases/0.2.1/release.json"
    assert json.loads(file.read_text())["name"] == "0.2.1 (yanked)"


KILLS = [
    "release:yank:set",
    "withdraw:observed",
    "withdraw:noted",
    "withdraw:closed",
    "withdraw:moved",
    "withdraw:marked",
    "withdraw:acted",
    "withdraw:recorded",
]


@pytest.mark.slow
@pytest.mark.parametrize("again", ["release", "release:yank"])
def test_killed_anywhere_it_is_resumed(at: At, again: str) -> None:
    project = at("released")
    outcome = None
    for point in KILLS:
        copy = Project.copy(project.folder, project.folder.parent / point.replace(":", "."))
        assert _yank(copy, kill=point).code == -signal.SIGKILL, point
        if again == "release":
            assert copy.doit("plan").code == 0
            run = copy.doit("release")
        else:
            run = _yank(copy)
        assert run.code == 0, f"{point}: {run.err}"
        assert copy.doit("release").code == 0
        assert copy.doit("release").ran == [], point
        page = _page(copy)
        page["notes"] = page["notes"].split("it loses data")[1]
        assert outcome in (None, page), point
        outcome = page


def test_two_at_once_the_first_word_counts(at: At) -> None:
    project = at("released")
    assert _yank(project).code == 0
    before = project.refs()
    run = project.doit("release:yank", "--version=0.2.0", "--by=Linus", "--why=me too")
    assert run.code == 0, run.err
    assert "0.2.0 is yanked by Grace: it loses data" in run.out
    assert "would be" not in run.out
    assert project.refs() == before


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ((), 3, "which release is to be yanked must be said"),
        (("--version=0.2.0",), 3, "--by and --why must be said"),
        (("--version=9.9.9", *WHO), 1, "9.9.9 is no release"),
        (("--version=0.2.0-rc.1", *WHO), 1, "0.2.0-rc.1 is no release"),
        (("--version=-x", *WHO), 1, "-x is no release"),
        (("--version=0.2.0", "--by=<b>", "--why=x"), 3, "--by has characters"),
    ],
)
def test_what_cannot_be_yanked(at: At, options: tuple[str, ...], code: int, says: str) -> None:
    project = at("released")
    run = project.doit("release:yank", *options)
    assert (run.code, says in run.err) == (code, True), run.err
    assert REF not in project.refs()


def test_a_draft_is_no_release_yet(at: At) -> None:
    project = at("released")
    edit_json(project.world / "forge/releases/0.2.0/release.json", draft=True)
    run = _yank(project)
    assert run.code == 1
    assert "0.2.0 is not published: it is a draft" in run.err
    assert "doit release publishes it; what is public can be yanked" in run.err
    assert REF not in project.refs()


@pytest.mark.parametrize(
    ("station", "named", "says", "fix"),
    [
        ("waiting", "0.2.0", "0.2.0 is a candidate that waits", "candidate:drop says no to it"),
        ("waiting", "0.2.0-rc.1", "0.2.0-rc.1 is a candidate that", "candidate:drop says no to it"),
        ("approved", "0.2.0", "0.2.0 is merged, and not published yet", "doit release publishes"),
        ("approved", "0.2.0-rc.1", "0.2.0 is merged, and not published yet", "doit release publi"),
    ],
)
def test_what_is_no_release_yet_says_what_can_be_done(
    at: At, station: str, named: str, says: str, fix: str
) -> None:
    project = at(station)
    run = project.doit("release:yank", f"--version={named}", *WHO)
    assert (run.code, says in run.err, fix in run.err) == (1, True, True), run.err
    assert project.doit("candidate:drop", *WHO).code == (0 if "drop" in fix else 1)


def test_after_a_yank_nobody_is_sent_to_a_run_that_does_nothing(at: At) -> None:
    project = at("released")
    run = _yank(project)
    assert run.out.endswith("\na fix is the next release: push it, then doit release\n")
    assert "next     " not in run.out


def test_the_version_is_the_one_in_the_name_of_the_ref(at: At) -> None:
    project = at("released")
    commit = project.commit("chore: number\n\nVersion: 9.9.9\nWhy: why not", {"x": "1"}, "side")
    g.git("update-ref", REF, commit, repo=project.source)
    run = project.doit("release")
    assert run.code == 0, run.err
    assert "9.9.9" not in run.err
    world = world_of(project)
    look(world)
    yank = yank_of(world, "0.2.0")
    assert yank
    assert (yank.version, yank.why) == ("0.2.0", "why not")


def test_a_ref_that_somebody_set_by_hand_counts_and_taking_it_away_ends_it(at: At) -> None:
    project = at("released")
    g.git("update-ref", REF, "main", repo=project.source)
    run = project.doit("release")
    assert run.code == 0, run.err
    assert "0.2.0 is yanked by ?: no reason is given" in run.err
    assert _page(project)["name"] == "0.2.0 (yanked)"
    world = world_of(project)
    look(world)
    assert yank_of(world, "0.2.0")
    g.git("update-ref", "-d", REF, repo=project.source)
    run = project.doit("release")
    assert run.code == 0, run.err
    assert "0.2.0 is what was approved" in run.err
    assert project.doit("release").ran == []


def test_a_yank_before_the_publication_stops_it(at: At) -> None:
    project = at("approved")
    assert project.doit("release", env={"SLIPWAY_KILL_AT": "tag:acted"}).code != 0
    g.git("update-ref", REF, "main", repo=project.source)
    run = project.doit("release")
    assert run.code == 0, run.err
    assert project.releases() == {"0.2.0": False}
