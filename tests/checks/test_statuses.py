"""What the checks say is told to the forge: once, of the right commit, and failing no run."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tasks.checks.statuses import run_url, spoken
from tasks.kernel import git as g
from tests.journeys.conftest import At, _tidy, at, stations
from tests.project import Project, Run

__all__ = ["_tidy", "at", "stations"]

NAMES = ("slipway/messages", "slipway/unit", "slipway/web")


def said(project: Project, commit: str = "") -> dict[str, dict[str, Any]]:
    """Return what the forge knows of a commit, main's by default."""
    at = commit or project.refs()["refs/heads/main"]
    file = project.world / f"forge/statuses/{at}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def verdicts(project: Project, commit: str = "") -> dict[str, str]:
    return {name: told["verdict"] for name, told in said(project, commit).items()}


def _break(project: Project) -> None:
    project.commit("fix: break it", {"broken": "yes\n", "server/main.py": "print('x')\n"})


def test_what_passed_is_told_once(at: At) -> None:
    project = at("seeded")
    plan = project.doit("plan", "release", "--json")
    [step] = [step for step in json.loads(plan.out) if step["name"] == "statuses"]
    commit = project.refs()["refs/heads/main"]
    means = f"statuses of {commit[:7]}: slipway/unit, slipway/web, slipway/messages"
    assert step["foreseen"]["means"] == means
    assert said(project) == {}
    run = project.doit("release", env={"SLIPWAY_RUN_URL": "https://ci.example/7"})
    assert run.code == 4, run.err
    assert verdicts(project) == dict.fromkeys(NAMES, "success")
    assert said(project)["slipway/unit"]["link"] == "https://ci.example/7"
    file = project.world / f"forge/statuses/{commit}.json"
    before = file.stat().st_mtime_ns
    assert project.doit("release").ran == ["gate"]
    project.lose_build()
    run = project.doit("release")
    assert "statuses" in run.ran
    assert file.stat().st_mtime_ns == before


def test_each_candidate_is_told_of_also_when_the_same_tree_has_passed(at: At) -> None:
    project = at("released")
    project.commit("fix: green", {"web/index.html": "<h1>green</h1>\n"})
    run = project.doit("release")
    assert "statuses" in run.acted
    assert "check:unit" not in run.ran  # the same tree has passed
    assert verdicts(project) == dict.fromkeys(NAMES, "success")


def test_of_a_head_with_nothing_to_release_only_a_failure_is_told_and_its_end(at: At) -> None:
    project = at("released")
    project.commit("docs: more", {"README.md": "Shop.\n"})
    run = project.doit("release")
    assert run.code == 0, run.err
    assert "nothing to release: nobody waits for a word on this commit" in run.err
    assert said(project) == {}
    flaky = "import pathlib, sys\nsys.exit(not pathlib.Path(sys.argv[1]).exists())\n"
    project.commit("test: flaky", {"tests/check.py": flaky})
    mark = project.folder / "mended"
    project.replace("tests/check.py], timeout", f"tests/check.py, {mark}], timeout")
    assert project.doit("release").code == 1
    assert verdicts(project)["slipway/unit"] == "failure"
    mark.write_text("")
    run = project.doit("release")
    assert run.code == 0, run.err
    assert verdicts(project) == dict.fromkeys(NAMES, "success")
    assert project.doit("release").ran == []


@pytest.mark.parametrize("how", [[], ["-n", "2"]], ids=["serial", "processes"])
def test_a_failure_is_told_as_well_and_a_mended_check_too(at: At, how: list[str]) -> None:
    project = at("waiting")
    _break(project)
    run = project.doit(*how, "release")
    assert run.code == 1, run.err
    broken = project.refs()["refs/heads/main"]
    told = said(project)
    assert told["slipway/unit"]["verdict"] == "failure"
    assert told["slipway/unit"]["says"] == "unit ended with 1"
    assert told["slipway/messages"]["verdict"] == "success"
    assert told["slipway/web"]["verdict"] == "success"  # it had passed before, on the same files
    file = project.world / f"forge/statuses/{broken}.json"
    before = file.stat().st_mtime_ns
    assert project.doit(*how, "release").code == 1
    assert file.stat().st_mtime_ns == before  # it was said already
    project.commit("fix: mend it", {"broken": None})
    project.doit("release")
    assert verdicts(project) == dict.fromkeys(NAMES, "success")
    assert verdicts(project, broken)["slipway/unit"] == "failure"


def test_a_check_that_passes_at_last_is_told_of_the_same_commit(at: At) -> None:
    project = at("seeded")
    flaky = "import pathlib, sys\nsys.exit(not pathlib.Path(sys.argv[1]).exists())\n"
    project.commit("test: flaky", {"tests/check.py": flaky})
    mark = project.folder / "mended"
    project.replace("tests/check.py], timeout", f"tests/check.py, {mark}], timeout")
    project.replace("tests/check.py, web]", f"tests/check.py, {mark}]")
    assert project.doit("release").code == 1
    assert verdicts(project)["slipway/unit"] == "failure"
    mark.write_text("")
    assert project.doit("release").code == 4
    assert verdicts(project) == dict.fromkeys(NAMES, "success")


def test_while_it_runs_it_is_pending_and_a_kill_there_is_made_good(at: At) -> None:
    project = at("seeded")
    env = {"SLIPWAY_KILL_AT": "check:unit:begun"}
    assert project.doit("release", env=env).code == -signal.SIGKILL
    assert verdicts(project)["slipway/unit"] == "pending"
    assert project.doit("release").code == 4
    assert verdicts(project) == dict.fromkeys(NAMES, "success")


@pytest.mark.parametrize("point", ["observed", "said", "acted", "recorded"])
def test_killed_while_telling(at: At, point: str) -> None:
    project = at("seeded")
    env = {"SLIPWAY_KILL_AT": f"statuses:{point}"}
    assert project.doit("release", env=env).code == -signal.SIGKILL
    assert project.doit("release").code == 4
    assert verdicts(project) == dict.fromkeys(NAMES, "success")
    assert project.doit("release").ran == ["gate"]


def test_who_only_checks_tells_nobody(at: At) -> None:
    project = at("seeded")
    assert project.doit("check").code == 0
    _break(project)
    assert project.doit("check").code == 1
    assert said(project) == {}


def test_the_checks_of_a_branch_are_told_when_that_is_asked_for(at: At) -> None:
    project = at("waiting")
    g.git("update-ref", "refs/heads/mine", "main", repo=project.source)
    tip = project.commit("feat: mine", {"server/main.py": "print('mine')\n"}, "mine")
    run = project.doit("ref=mine", "check", "statuses")
    assert run.code == 0, run.err
    assert verdicts(project, tip) == dict.fromkeys(NAMES, "success")
    tip = project.commit("feat: broken", {"broken": "", "server/main.py": "1\n"}, "mine")
    assert project.doit("ref=mine", "check", "statuses").code == 1
    assert verdicts(project, tip)["slipway/unit"] == "failure"
    assert project.doit("ref=mine", "release").code == 3


def test_of_changes_that_nobody_pushed_nothing_is_told(at: At) -> None:
    project = at("waiting")
    tree = project.folder / "mine"
    g.git("clone", "--quiet", str(project.source), str(tree))
    (tree / "server/main.py").write_text("print('here')\n")
    before = sorted((project.world / "forge/statuses").iterdir())
    run = project.doit("ref=./mine", "check", "statuses")
    assert run.code == 0, run.err
    assert "has changes that no forge knows: nothing is told of it" in run.err
    who = g.identity("Ada", "ada@example.org", "1767229999 +0000")
    g.git("commit", "--quiet", "-a", "-m", "feat: mine", repo=tree, env=who)
    run = project.doit("ref=./mine", "check", "statuses")
    assert run.code == 0, run.err
    assert "the forge takes no status of" in run.err
    assert sorted((project.world / "forge/statuses").iterdir()) == before


def test_names_as_configured_and_two_that_would_be_one_are_refused(at: At) -> None:
    project = at("seeded")
    project.replace("messages: {rule:", "messages: {status: ci/commits, rule:")
    assert project.doit("release").code == 4
    assert set(said(project)) == {"ci/commits", "slipway/unit", "slipway/web"}
    project.replace("status: ci/commits", "status: slipway/unit")
    run: Run = project.doit("release")
    assert run.code == 3
    assert 'checks.messages.status: is how "unit" is told of as well' in run.err


def test_a_description_is_one_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cret-value")
    assert spoken("s3cret-value \x1b[31m\nmore") == "••• [31m"
    assert len(spoken("x" * 300)) == 140


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, ""),
        ({"SLIPWAY_RUN_URL": "https://ci.example/1"}, "https://ci.example/1"),
        ({"SLIPWAY_RUN_URL": "javascript:x"}, ""),
        ({"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b"}, ""),
        (
            {
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "7",
            },
            "https://github.com/a/b/actions/runs/7",
        ),
    ],
)
def test_where_people_can_follow_it(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], url: str
) -> None:
    for name in ("SLIPWAY_RUN_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert run_url() == url
