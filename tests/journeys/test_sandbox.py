"""The sandbox as delivered: a fresh clone releases the bank, and edits of the seeds travel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tests.sandboxed import Sandbox, did, tree


@pytest.fixture
def project(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path / "one")


def test_a_fresh_clone_publishes_the_bank(project: Sandbox, tmp_path: Path) -> None:
    assert project.doit("plan").code == 0
    assert not (project.folder / ".sandbox").exists()

    assert project.doit("release").code == 4
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    for _ in range(3):
        assert did(project.doit("release")) == []

    assert project.releases() == {"0.42.0": True}
    commit = project.tags()["0.42.0"]
    binary = tmp_path / "lana-cli"
    shutil.copy(project.world / "forge/releases/0.42.0/assets/lana-cli", binary)
    binary.chmod(0o755)
    told = subprocess.run(
        [sys.executable, binary, "version"], capture_output=True, text=True, check=True
    )
    assert "0.42.0" in told.stdout
    assert commit[:7] in told.stdout
    assert set(project.images()["lana-bank"]) == {"0.42.0-rc.1", "edge", "0.42.0", "latest"}
    assert project.file("version", "version") == "0.42.0\n"
    assert project.file("CHANGELOG.md").startswith("## [0.42.0] - ")


@pytest.mark.slow
def test_two_machines_make_the_same_candidate_and_release(project: Sandbox, tmp_path: Path) -> None:
    other = Sandbox(tmp_path / "elsewhere")
    for one in (project, other):
        assert one.doit("release", env={"SOURCE_DATE_EPOCH": "1767225600"}).code == 4
    assert other.outside() == project.outside()
    for one in (project, other):
        assert one.approve().code == 0
        assert one.doit("release").code == 0
    assert other.images() == project.images()
    assets = [tree(one.world / "forge/releases/0.42.0/assets") for one in (project, other)]
    assert assets[0] == assets[1]


@pytest.mark.slow
def test_an_edit_of_the_bank_is_a_new_candidate(project: Sandbox) -> None:
    assert project.doit("release").code == 4
    page = project.folder / "sandbox/source/apps/customer-portal/page.html"
    page.write_text(page.read_text() + "<!-- wider -->\n")

    run = project.doit("release")

    assert run.code == 4
    assert "0.42.0-rc.2" in project.tags()
    changed = g.text("log", "-1", "--format=%s", "main", repo=project.source)
    assert changed.startswith("fix(sandbox): ")
    assert len(project.pulls()) == 1


def test_an_edit_of_an_environment_is_a_commit_there_and_no_candidate(project: Sandbox) -> None:
    assert project.doit("release").code == 4
    values = project.folder / "envs/gcp/galoy-staging/lana-bank/values.yml"
    values.write_text(values.read_text() + "# calm\n")

    run = project.doit("release")

    assert run.code == 4
    assert did(run) == ["chart:values:staging", "gate"]
    deployments = project.folder / ".sandbox/remotes/deployments.git"
    blob = "main:gcp/galoy-staging/lana-bank/values.yml"
    assert b"# calm" in g.git("cat-file", "blob", blob, repo=deployments)


@pytest.mark.slow
def test_a_second_sandbox_changes_nothing_and_a_reset_starts_over(project: Sandbox) -> None:
    assert project.doit("sandbox").code == 0
    before = tree(project.folder / ".sandbox")
    assert project.doit("sandbox").ran == []
    assert tree(project.folder / ".sandbox") == before

    refused = project.doit("sandbox:reset")
    assert refused.code == 3
    assert "sandbox:reset --yes" in refused.err
    assert tree(project.folder / ".sandbox") == before

    assert project.doit("release").code == 4
    assert project.doit("sandbox:reset", "--yes").code == 0
    assert not (project.folder / ".sandbox").exists()
    assert project.doit("release").code == 4
    assert project.tags()["0.42.0-rc.1"]


@pytest.mark.slow
def test_a_lost_sandbox_is_made_again(project: Sandbox) -> None:
    assert project.doit("release").code == 4
    shutil.rmtree(project.folder / ".sandbox")
    assert project.doit("release").code == 4
    assert len(project.pulls()) == 1
    assert did(project.doit("release")) == ["gate"]


@pytest.mark.slow
def test_a_plan_of_an_edit_touches_nothing_and_the_run_does_what_it_says(project: Sandbox) -> None:
    assert project.doit("release").code == 4
    page = project.folder / "sandbox/source/apps/customer-portal/page.html"
    page.write_text(page.read_text() + "<!-- wider -->\n")
    before = tree(project.folder / ".sandbox")

    plan = json.loads(project.doit("plan", "release", "--json").out)

    assert tree(project.folder / ".sandbox") == before
    said = [step["name"] for step in plan if step["state"] != "current" and not step["observer"]]
    run = project.doit("release")
    assert sorted(did(run)) == sorted(name for name in said if name != "sandbox")
    assert "0.42.0-rc.2" in project.tags()
