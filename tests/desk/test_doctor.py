"""What the doctor prints, whole; and when it calls for an error."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.desk import doctor, reach
from tasks.desk.findings import NOTE, OK, WRONG, Finding
from tasks.kernel import git as g
from tasks.kernel.config import load
from tasks.kernel.tools import TOOLS, machine
from tests.needs import need
from tests.project import PIPELINE
from tests.rooms import Repository

CHART = "chart: {path: charts/shop, values: values.yaml, images: {server: server.digest}}\n"
ENVIRONMENTS = "environments: {staging: {}, production: {passed: staging, gate: true}}\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on PATH: the real git, and programs that only tell a version."""
    folder = tmp_path / "bin"
    folder.mkdir()
    git, python = need("git"), os.path.realpath(sys.executable)
    (folder / "git").symlink_to(git)
    (folder / "python3").symlink_to(python)
    told = {
        "helm": "v4.1.4",
        "terraform": '{"terraform_version": "1.11.4"}',
        "kubectl": '{"gitVersion": "v1.34.5"}',
        "docker-registry": "docker-registry distribution 2.8.2",
        "skopeo": "skopeo version 1.9.3",
    }
    for name, says in told.items():
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(machine, "here", lambda: "linux/amd64")
    return folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout with three remotes outside, and a disk that is always the same."""
    root = tmp_path / "shop"
    (root / "world").mkdir(parents=True)
    for name in ("source", "charts", "deployments"):
        repository = Repository(root / f"world/{name}.git")
        repository.commit("feat: begin", branch="main")
    write(root, PIPELINE.replace("environments: {}\n", ENVIRONMENTS) + CHART)
    usage = type(shutil.disk_usage("/"))(100 << 30, 20 << 30, 80 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    return root


def write(root: Path, pipeline: str) -> None:
    (root / "pipeline.yml").write_text(pipeline)


def commit(root: Path, name: str) -> str:
    return g.text("rev-parse", "main", repo=root / f"world/{name}.git")[:7]


def page(root: Path, programs: Path, findings: list[Finding]) -> str:
    """Return what is shown, with what is different on every machine in capitals."""
    git = g.text("version").split()[2]
    cliff = next(finding for finding in findings if finding.name == "git-cliff").says.split()
    shown = doctor.shown(findings).replace(str(programs), "BIN")
    for text, name in {
        f"{git}  BIN": "VERSION  BIN",
        "  ".join(cliff): "VERSION  GIT-CLIFF",
        f"{'.'.join(map(str, sys.version_info[:3]))}  {sys.executable}": "VERSION  PYTHON",
        str(root): "ROOT",
    }.items():
        shown = shown.replace(text, name)
    return shown


def states(findings: list[Finding]) -> Mapping[str, str]:
    return {finding.name: finding.state for finding in findings}


def test_all_is_here_whole(root: Path, programs: Path) -> None:
    findings = doctor.examine(root)
    assert page(root, programs, findings) == (
        f"""\
pipeline
  ✓ pipeline.yml     shop: 2 images, staging → production  (ROOT/pipeline.yml)

programs
  ✓ git              VERSION  BIN/git
                     for every task
  ✓ python3          BIN/python3
                     for check:unit, check:web, binary
  ✓ git-cliff        VERSION  GIT-CLIFF
                     for changelog
  ✓ helm             4.1.4  BIN/helm
                     for chart:lint, chart:render:ENV, testflight, deploy:ENV
  ✓ terraform        1.11.4  BIN/terraform
                     for testflight, tfplan:ENV, deploy:ENV, drift:ENV, rollback:ENV
  ✓ kubectl          1.34.5  BIN/kubectl
                     for testflight and deploy:ENV on Kubernetes; not the local cluster
  ✓ docker-registry  2.8.2  BIN/docker-registry
                     for ./doitw test
  ✓ skopeo           1.9.3  BIN/skopeo
                     for ./doitw test

machine
  ✓ Python           VERSION  PYTHON
  · .venv            not there, or made from another requirements.txt
                     → nothing to do: the next ./doitw makes it anew
  ✓ disk             80.0 GiB free

outside
  ✓ source           external, world/source.git: main is at {commit(root, "source")}
  ✓ charts           external, world/charts.git: main is at {commit(root, "charts")}
  ✓ deployments      external, world/deployments.git: main is at {commit(root, "deployments")}
                     envs/ of this checkout is not used: environments are what stands in that repository
  ✓ registry         embedded, world/registry: can be written
  ✓ forge            embedded, world/forge: answers

nothing is missing"""  # noqa: E501 - the page as it is shown
    )
    assert doctor.exit_code(findings) == 0


def test_nothing_is_written(root: Path, programs: Path) -> None:
    before = sorted(root.rglob("*"))
    doctor.examine(root)
    assert sorted(root.rglob("*")) == before


def test_a_broken_pipeline_whole(root: Path, programs: Path) -> None:
    write(root, PIPELINE.replace("url: world/source.git, ", "").replace("project:", "projekt:"))
    for name in ("helm", "terraform", "kubectl", "docker-registry", "skopeo"):
        (programs / name).unlink()
    findings = doctor.examine(root)
    assert page(root, programs, findings) == (
        f"""\
pipeline
  ✗ pipeline.yml     ROOT/pipeline.yml:1: projekt: unknown key (did you mean "project"?)
                     ROOT/pipeline.yml:1: project: is missing (expected here)
                     ROOT/pipeline.yml:3: remotes.source.url: is missing (expected here)
                     → correct it; until then only what does not depend on it is told here

programs
  ✓ git              VERSION  BIN/git
                     for every task
  ✓ git-cliff        VERSION  GIT-CLIFF
                     for changelog
  · helm             not here (needed: >= 3.12, < 5)
                     for chart:lint, chart:render:ENV, testflight, deploy:ENV
                     → nothing to do: 4.1.4 is fetched when it is first needed
  · terraform        not here (needed: >= 1.4, < 2)
                     for testflight, tfplan:ENV, deploy:ENV, drift:ENV, rollback:ENV
                     → {TOOLS["terraform"].how}
  · kubectl          not here (needed: >= 1.24, < 2)
                     for testflight and deploy:ENV on Kubernetes; not the local cluster
                     → nothing to do: 1.34.5 is fetched when it is first needed
  · docker-registry  not here
                     for ./doitw test
                     → Debian, Ubuntu: apt install docker-registry
  · skopeo           not here
                     for ./doitw test
                     → Debian, Ubuntu: apt install skopeo    macOS: brew install skopeo

machine
  ✓ Python           VERSION  PYTHON
  · .venv            not there, or made from another requirements.txt
                     → nothing to do: the next ./doitw makes it anew
  ✓ disk             80.0 GiB free

1 to put right: pipeline.yml"""
    )
    assert doctor.exit_code(findings) == 3


def test_only_what_the_pipeline_needs_is_an_error(root: Path, programs: Path) -> None:
    (programs / "terraform").write_text('#!/bin/sh\necho \'{"terraform_version": "0.12.31"}\'\n')
    (programs / "skopeo").unlink()
    (programs / "python3").unlink()
    findings = doctor.examine(root)
    wrong = [finding for finding in findings if finding.state == WRONG]
    assert doctor.shown(wrong).replace(str(programs), "BIN") == (
        f"""\
programs
  ✗ python3          not here
                     for check:unit, check:web, binary
                     → put python3 on PATH
  ✗ terraform        not here (needed: >= 1.4, < 2)
                     BIN/terraform is 0.12.31
                     for testflight, tfplan:ENV, deploy:ENV, drift:ENV, rollback:ENV
                     → {TOOLS["terraform"].how}

2 to put right: python3, terraform"""
    )
    assert doctor.exit_code(findings) == 1
    write(root, PIPELINE)  # without an environment, nobody runs Terraform
    assert states(doctor.examine(root))["terraform"] == NOTE


def test_what_would_be_fetched_is_no_error(
    root: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / "helm").unlink()
    monkeypatch.setattr(machine, "here", lambda: "darwin/arm64")
    finding = next(each for each in doctor.examine(root) if each.name == "helm")
    assert (finding.state, finding.code) == (NOTE, 0)
    assert finding.fix == "nothing to do: 4.1.4 is fetched when it is first needed"
    monkeypatch.setattr(machine, "here", lambda: "plan9/mips")
    finding = next(each for each in doctor.examine(root) if each.name == "helm")
    assert (finding.state, finding.code) == (WRONG, 1)
    assert finding.fix == "https://helm.sh/docs/intro/install"


def test_a_sandbox_that_is_not_made_yet(root: Path, programs: Path) -> None:
    write(root, PIPELINE.replace("world/", ".sandbox/"))
    found = [each for each in doctor.examine(root) if each.part == "outside"]
    assert doctor.shown(found) == (
        """\
outside
  · source           embedded, .sandbox/source.git: not made yet
                     → nothing to do: the first release makes it, or doit sandbox
  · charts           embedded, .sandbox/charts.git: not made yet
                     → nothing to do: the first release makes it, or doit sandbox
  · deployments      embedded, .sandbox/deployments.git: not made yet
                     → nothing to do: the first release makes it, or doit sandbox
  ✓ registry         embedded, .sandbox/registry: can be written
  · forge            embedded, .sandbox/forge: its source remote is not made yet

nothing is missing"""
    )


def test_what_is_wrong_outside(root: Path, programs: Path) -> None:
    shutil.rmtree(root / "world/charts.git")
    g.git("update-ref", "-d", "refs/heads/main", repo=root / "world/deployments.git")
    blob = g.text("rev-parse", "main", repo=root / "world/source.git")
    g.git("update-ref", "refs/heads/refs/heads/main", blob, repo=root / "world/source.git")
    found = {each.name: each for each in doctor.examine(root) if each.part == "outside"}
    assert found["source"].state == OK
    assert found["charts"].says.startswith(f"{root}/world/charts.git: the remote cannot be read\n")
    assert found["charts"].fix == (
        "is the URL in pipeline.yml right, and does your key or token open it?"
    )
    deployments = found["deployments"]
    assert deployments.says == "external, world/deployments.git: there is no branch main"
    assert deployments.fix.startswith("make the branch, or correct remotes.deployments.branch in ")
    assert [found[name].code for name in ("charts", "deployments")] == [1, 1]


def test_who_does_not_answer_is_not_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "PATIENCE", 0.5)
    monkeypatch.setattr(reach, "_GRACE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        config = load(root / "pipeline.yml")
        charts = replace(config.remotes.charts, url=f"{url}/charts.git")
        registry = replace(config.registry, kind="http", path="", url=url)
        config = replace(config, remotes=replace(config.remotes, charts=charts), registry=registry)
        begin = time.monotonic()
        found = {each.name: each for each in reach.outside(config, root)}
        assert time.monotonic() - begin < 3
    assert [name for name, each in found.items() if each.state == WRONG] == ["charts", "registry"]
    assert {found["charts"].code, found["registry"].code} == {1}


def test_a_password_in_a_url_is_not_shown(root: Path) -> None:
    config = load(root / "pipeline.yml")
    source = replace(config.remotes.source, url="http://ada:hunter22@127.0.0.1:9/x.git")
    config = replace(config, remotes=replace(config.remotes, source=source))
    shown = doctor.shown(reach.outside(config, root))
    assert "hunter22" not in shown
    assert "the remote cannot be read" in shown


@pytest.mark.parametrize(("free", "state"), [(100 << 30, OK), (1 << 30, NOTE), (100 << 20, WRONG)])
def test_a_disk_that_is_full(tmp_path: Path, free: int, state: str) -> None:
    assert doctor._disk(free, tmp_path).state == state


def test_an_old_python() -> None:
    finding = doctor._python((3, 10, 4), "/usr/bin/python3")
    assert (finding.state, finding.says) == (WRONG, "3.10.4  /usr/bin/python3")
