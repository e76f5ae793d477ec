"""What `plan release` says is what the run then does; and saying it writes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tests.journeys.conftest import At
from tests.project import Project

State = Callable[[At], Project]
HOLDS = {"server/main.py": "print('holds')\n"}


def _seeded(at: At) -> Project:
    return at("seeded")


def _waiting(at: At) -> Project:
    return at("waiting")


def _approved(at: At) -> Project:
    return at("approved")


def _released(at: At) -> Project:
    return at("released")


def _fixed(at: At) -> Project:
    project = at("released")
    project.commit("fix: a greener shelf", {"web/index.html": "<h1>green</h1>\n"})
    return project


def _documented(at: At) -> Project:
    project = at("released")
    project.commit("docs: how to shop", {"README.md": "Shop here.\n"})
    return project


def _swept(at: At) -> Project:
    project = at("released")
    project.commit("chore: sweep", {"server/main.py": "print('swept')\n"})
    return project


def _overtaken(at: At) -> Project:
    project = at("waiting")
    project.commit("fix: hold", HOLDS)
    return project


def _approved_and_overtaken(at: At) -> Project:
    project = _overtaken(at)
    assert project.approve().code == 0
    return project


def _older_approved(at: At) -> Project:
    project = _overtaken(at)
    project.doit("release", env={"SLIPWAY_KILL_AT": "promote:observed"})
    assert project.approve().code == 0
    return project


def _killed_after_the_reservation(at: At) -> Project:
    project = at("seeded")
    project.doit("release", env={"SLIPWAY_KILL_AT": "version:acted"})
    return project


def _killed_before_the_tag(at: At) -> Project:
    project = at("seeded")
    project.doit("release", env={"SLIPWAY_KILL_AT": "candidate:observed"})
    return project


def _killed_behind_the_gate(at: At) -> Project:
    project = at("approved")
    project.doit("release", env={"SLIPWAY_KILL_AT": "tag:acted"})
    return project


def _without_build(at: At) -> Project:
    project = at("released")
    project.lose_build()
    return project


def _without_database(at: At) -> Project:
    project = at("waiting")
    (project.folder / ".doit.db").unlink()
    return project


def _without_the_tag(at: At) -> Project:
    project = at("waiting")
    g.git("update-ref", "-d", "refs/tags/0.2.0-rc.1", repo=project.source)
    return project


def _without_the_pull_request(at: At) -> Project:
    project = at("waiting")
    (project.world / "forge/pulls/1.json").unlink()
    return project


def _refused(at: At) -> Project:
    project = at("waiting")
    project.close_pull(1)
    return project


def _reconfigured(at: At) -> Project:
    """Another promotion title wakes `promote`, which finds what it wants and makes nothing."""
    project = at("waiting")
    project.configure("promotion: {title: 'release {version}'}\n")
    return project


def _yanked_and_killed(at: At) -> Project:
    """The ref stands, and the run was killed before anything followed from it."""
    project = at("released")
    who = ("--by=Grace", "--why=it loses data")
    project.doit(
        "release:yank", "--version=0.2.0", *who, env={"SLIPWAY_KILL_AT": "release:yank:set"}
    )
    assert "refs/slipway/yanked/0.2.0" in project.refs()
    return project


STATES: list[State] = [
    _seeded,
    _waiting,
    _approved,
    _released,
    _fixed,
    _documented,
    _swept,
    _overtaken,
    _approved_and_overtaken,
    _older_approved,
    _killed_after_the_reservation,
    _killed_before_the_tag,
    _killed_behind_the_gate,
    _without_build,
    _without_database,
    _without_the_tag,
    _without_the_pull_request,
    _refused,
    _reconfigured,
    _yanked_and_killed,
]


def _everything(project: Project) -> dict[str, str]:
    """Return a digest of every file inside and outside, but doit's database and fetched objects."""
    found = {}
    for path in sorted(project.folder.rglob("*")):
        name = path.relative_to(project.folder).as_posix()
        if path.is_symlink() or not path.is_file() or "__pycache__" in name:
            continue
        if name.startswith((".doit.db", "build/mirrors/", "tasks/")):
            continue
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _log(project: Project) -> list[list[str]]:
    log = project.folder / "build/logs/effects.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split("\t")[1:] for line in lines]


# Members of a group, and what does not depend on one another, come in whichever order doit likes.
LINE = ["draft", "final", "tag", "publish", "version", "push", "candidate", "promote"]


def _stages(effects: list[list[str]]) -> list[str]:
    """Return the stages of the line in the order in which they first act."""
    stages = [name.split(":")[0] for name, _ in effects]
    return list(dict.fromkeys(stage for stage in stages if stage in LINE))


@pytest.mark.parametrize("state", STATES, ids=[state.__name__.lstrip("_") for state in STATES])
def test_the_run_does_what_the_plan_says(at: At, state: State) -> None:
    project = state(at)
    before, acted = _everything(project), len(_log(project))

    plan = project.doit("plan", "release", "--json")

    assert plan.code == 0, plan.err
    assert _everything(project) == before
    steps = json.loads(plan.out)
    said = [step for step in steps if step["state"] in ("runs", "waits") and not step["observer"]]

    run = project.doit("release")

    assert run.code == (4 if any(step["state"] == "waits" for step in said) else 0), run.err
    assert sorted(run.ran) == sorted(step["name"] for step in said)
    effects = [
        [step["name"], step["foreseen"]["means"]] for step in said if step["foreseen"]["means"]
    ]
    done = _log(project)[acted:]
    assert sorted(effects) == sorted(done)
    assert _stages(effects) == _stages(done)


def test_a_plan_tells_a_person_what_why_and_where_it_stops(at: At) -> None:
    project = _fixed(at)
    plan = project.doit("plan")
    assert plan.code == 0
    assert plan.err == ""
    assert "would run" in plan.out
    assert "reserve 0.2.1-rc.1 for" in plan.out
    assert "then waits at the gate: a human decides on 0.2.1-rc.1" in plan.out
    assert "assumes that the checks pass" in plan.out
    assert plan.out.endswith("Nothing was written.\n")


def test_a_plan_of_one_task_goes_no_further(at: At) -> None:
    project = at("seeded")
    steps = json.loads(project.doit("plan", "version", "--json").out)
    assert "push:web" not in [step["name"] for step in steps]
    assert steps[-1]["name"] == "version"


def test_a_plan_says_where_the_run_would_fail(at: At) -> None:
    project = at("released")
    elsewhere = project.refs()["refs/heads/main"]
    g.git("update-ref", "refs/tags/0.2.0", elsewhere, repo=project.source)
    plan = project.doit("plan")
    assert "would fail  tag: " in plan.out
    assert elsewhere in plan.out
    assert "would not run:" in plan.out


def test_a_plan_of_what_is_no_task_says_so(at: At) -> None:
    plan = at("seeded").doit("plan", "relaese")
    assert plan.code == 3
    assert "relaese is not a task (did you mean release?)" in plan.err


@pytest.mark.parametrize("state", [_seeded, _waiting, _approved, _released, _fixed, _refused])
def test_status_changes_nothing(at: At, state: State) -> None:
    project = state(at)
    before = _everything(project)
    status = project.doit()
    assert status.code == 0, status.err
    assert _everything(project) == before


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (_seeded, "next: 0.2.0-rc.1 at"),
        (_waiting, "waits for a human: pull request #1"),
        (_approved, "0.2.0 is approved by Grace, but not published"),
        (_released, "is released; nothing waits"),
        (_fixed, "next: 0.2.1-rc.1 at"),
        (_refused, "was refused: pull request #1 is closed"),
    ],
)
def test_status_says_where_things_stand(at: At, state: State, says: str) -> None:
    assert says in state(at).doit("status").out


def test_the_mirrors_are_all_that_a_plan_of_a_fresh_clone_leaves(
    at: At, clone: Callable[[Project], Project]
) -> None:
    other = clone(at("waiting"))
    assert other.doit("plan").code == 0
    left = {path.name for path in Path(other.folder / "build").iterdir()}
    assert left == {"mirrors"}
