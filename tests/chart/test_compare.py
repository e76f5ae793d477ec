"""`chart:diff:ENV`: the newest chart against what an environment is recorded with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.chart import compare
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.promotion import engine, repository_of
from tests.chart.line import ABOUT, TEMPLATE, VALUES, Line

pytestmark = pytest.mark.usefixtures("helm")

CEPLER = """\
deployment: shop
environments:
  staging: {latest: ["modules/**", "staging/*"]}
  production: {passed: staging, propagated: ["modules/**"], latest: ["production/*"]}
"""
VENDORED = "modules/shop/vendor/shop/chart"


def _deployed(
    line: Line, template: str = TEMPLATE, values: str = "server: {replicas: 2}\n"
) -> None:
    """Have the chart vendored and recorded as what staging runs."""
    files: dict[str, str | None] = {
        "cepler.yml": CEPLER,
        f"{VENDORED}/Chart.yaml": ABOUT,
        f"{VENDORED}/values.yaml": VALUES,
        f"{VENDORED}/templates/all.yaml": template,
        f"staging/{paths.RENDERED}": values,
    }
    commit = line.deployments.push("vendor the chart", files)
    world = line.look_at_deployments()
    repository = repository_of(world)
    settings = engine.config_at(repository, commit, "cepler.yml")
    state = engine.desired(repository, commit, settings, "staging")
    who = g.identity("Ada", "ada@example.org", "1767226600 +0000")
    recorded = engine.record_commit(repository, commit, "staging", state, settings, who=who)
    folder = str(line.deployments.folder)
    g.git("push", "--quiet", folder, f"{recorded}:refs/heads/main", repo=repository.path)


def _diff(line: Line, capsys: pytest.CaptureFixture[str], name: str = "staging") -> tuple[str, str]:
    compare.compare(line.look_at_deployments(), name)
    *lines, says = capsys.readouterr().out.splitlines()
    return says, "\n".join(lines)


def test_what_a_release_would_change_is_shown(
    ready: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    _deployed(ready)
    says, out = _diff(ready, capsys)
    head = ready.charts.head[:7]
    assert says == f"2 manifests differ: state 1 of staging → the chart at {head}"
    digests = {name: image["digest"] for name, image in ready.told(paths.CHART)["images"].items()}
    assert "--- runs/apps/v1/Deployment/shop-staging/shop-server" in out
    assert f'+        image: "server@{digests["server"]}"' in out
    assert f'-        image: "web@sha256:{"b" * 64}"' in out
    assert "replicas" not in out.replace("   replicas: 2", ""), "only what changes is shown"


def test_where_nothing_differs_nothing_is_shown(
    ready: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ready.charts.folder
    files = {
        name: g.git("cat-file", "blob", f"main:charts/shop/{name}", repo=folder).decode()
        for name in ("values.yaml", "Chart.yaml")
    }
    _deployed(ready)
    ready.deployments.push("vendor", {f"{VENDORED}/{k}": v for k, v in files.items()})
    _record_again(ready)
    says, out = _diff(ready, capsys)
    assert says.endswith("render to the same")
    assert out == ""


def _record_again(line: Line) -> None:
    world = line.look_at_deployments()
    repository, commit = repository_of(world), line.deployments.head
    settings = engine.config_at(repository, commit, "cepler.yml")
    state = engine.desired(repository, commit, settings, "staging")
    who = g.identity("Ada", "ada@example.org", "1767226700 +0000")
    recorded = engine.record_commit(repository, commit, "staging", state, settings, who=who)
    folder = str(line.deployments.folder)
    g.git("push", "--quiet", folder, f"{recorded}:refs/heads/main", repo=repository.path)


def test_an_environment_that_has_nothing_would_get_everything(
    ready: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    _deployed(ready)
    says, out = _diff(ready, capsys, "production")
    assert says.startswith("2 manifests differ: production has nothing yet → the chart at ")
    assert out.count("--- /dev/null") == 2


def test_it_brings_nothing_into_the_chart_and_leaves_nothing(
    ready: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    _deployed(ready)
    before = (ready.charts.head, ready.deployments.head, _files(ready.folder / "build"))
    _diff(ready, capsys)
    assert (ready.charts.head, ready.deployments.head, _files(ready.folder / "build")) == before


def _files(folder: Path) -> list[str]:
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in found if not name.startswith("mirrors/"))
