"""The sandbox as delivered: a fresh clone releases the bank, and edits of the seeds travel."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tests.project import ROOT, Project

FILES = ("dodo.py", "pipeline.yml", "sandbox", "envs", "tasks", "templates")


def _clone(folder: Path) -> Project:
    """Return a fresh working tree with the pipeline as delivered."""
    project = Project(folder)
    for name in FILES:
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".terraform")
            shutil.copytree(ROOT / name, target, ignore=ignored)
        else:
            shutil.copy(ROOT / name, target)
    project.world_folder = ".sandbox"
    return project


def _tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return _clone(tmp_path / "one")


def test_a_fresh_clone_publishes_the_bank(project: Project, tmp_path: Path) -> None:
    assert project.doit("plan").code == 0
    assert not (project.folder / ".sandbox").exists()

    assert project.doit("release").code == 4
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    for _ in range(3):
        assert project.doit("release").ran == []

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
def test_two_machines_make_the_same_candidate_and_release(project: Project, tmp_path: Path) -> None:
    other = _clone(tmp_path / "elsewhere")
    for tree in (project, other):
        assert tree.doit("release", env={"SOURCE_DATE_EPOCH": "1767225600"}).code == 4
    assert other.outside() == project.outside()
    for tree in (project, other):
        assert tree.approve().code == 0
        assert tree.doit("release").code == 0
    assert other.images() == project.images()
    assets = [_tree(tree.world / "forge/releases/0.42.0/assets") for tree in (project, other)]
    assert assets[0] == assets[1]


@pytest.mark.slow
def test_an_edit_of_the_bank_is_a_new_candidate(project: Project) -> None:
    assert project.doit("release").code == 4
    page = project.folder / "sandbox/source/apps/customer-portal/page.html"
    page.write_text(page.read_text() + "<!-- wider -->\n")

    run = project.doit("release")

    assert run.code == 4
    assert "0.42.0-rc.2" in project.tags()
    changed = g.text("log", "-1", "--format=%s", "main", repo=project.source)
    assert changed.startswith("fix(sandbox): ")
    assert len(project.pulls()) == 1


def test_an_edit_of_an_environment_is_a_commit_there_and_no_candidate(project: Project) -> None:
    assert project.doit("release").code == 4
    values = project.folder / "envs/staging/values.yml"
    values.write_text(values.read_text() + "# calm\n")

    run = project.doit("release")

    assert run.code == 4
    assert run.ran == ["gate"]
    deployments = project.folder / ".sandbox/remotes/deployments.git"
    assert (
        "# calm" in g.git("cat-file", "blob", "main:staging/values.yml", repo=deployments).decode()
    )


@pytest.mark.slow
def test_a_second_sandbox_changes_nothing_and_a_reset_starts_over(project: Project) -> None:
    assert project.doit("sandbox").code == 0
    before = _tree(project.folder / ".sandbox")
    assert project.doit("sandbox").ran == []
    assert _tree(project.folder / ".sandbox") == before

    refused = project.doit("sandbox:reset")
    assert refused.code == 3
    assert "sandbox:reset --yes" in refused.err
    assert _tree(project.folder / ".sandbox") == before

    assert project.doit("release").code == 4
    assert project.doit("sandbox:reset", "--yes").code == 0
    assert not (project.folder / ".sandbox").exists()
    assert project.doit("release").code == 4
    assert project.tags()["0.42.0-rc.1"]


@pytest.mark.slow
def test_a_lost_sandbox_is_made_again(project: Project) -> None:
    assert project.doit("release").code == 4
    shutil.rmtree(project.folder / ".sandbox")
    assert project.doit("release").code == 4
    assert len(project.pulls()) == 1
    assert project.doit("release").ran == ["gate"]


@pytest.mark.slow
def test_a_plan_of_an_edit_touches_nothing_and_the_run_does_what_it_says(project: Project) -> None:
    assert project.doit("release").code == 4
    page = project.folder / "sandbox/source/apps/customer-portal/page.html"
    page.write_text(page.read_text() + "<!-- wider -->\n")
    before = _tree(project.folder / ".sandbox")

    plan = json.loads(project.doit("plan", "release", "--json").out)

    assert _tree(project.folder / ".sandbox") == before
    said = [step["name"] for step in plan if step["state"] != "current" and not step["observer"]]
    run = project.doit("release")
    assert sorted(run.ran) == sorted(name for name in said if name != "sandbox")
    assert "0.42.0-rc.2" in project.tags()
