"""The reference journey's own file: it loads, and without a network everything still answers."""

from __future__ import annotations

import time

import pytest

from tasks.kernel.config import load
from tests.journeys.conftest import At
from tests.project import ROOT

FILE = ROOT / "docs/examples/galoy.yml"
CHECKS = (
    *("nextest", "bats", "cypress", "check-code-apps", "flake-check", "codeql", "pnpm-audit"),
    *("data-pipeline", "cocogitto", "spelling", "lana-bank-docs"),
)


def test_it_declares_the_journey() -> None:
    config = load(FILE)
    assert tuple(config.checks) == (*CHECKS, "promote-files", "pull-limit")
    assert config.candidate_checks == ("nextest", "bats", "flake-check", "cocogitto")
    assert config.checks["nextest"].command == ("nix", "run", ".#nextest")
    assert config.checks["bats"].attempts == 2
    assert config.checks["cocogitto"].rule == "conventional-commits"
    assert list(config.images) == [
        "lana-bank",
        "lana-bank-admin-panel",
        "lana-bank-customer-portal",
        "dagster-code-location-lana-dw",
    ]
    assert config.images["lana-bank"].dockerfile_candidate == "Dockerfile.rc"
    assert config.images["lana-bank"].dockerfile_release == "Dockerfile.release"
    assert config.chart is not None
    assert set(config.chart.images) == set(config.images)
    assert (config.registry.url, config.registry.prefix) == ("https://gcr.io", "galoyorg")
    assert config.forge.repository == "GaloyMoney/lana-bank"
    chain = {env.name: env.passed for env in config.environments.values()}
    assert chain == {
        "gcp-galoy-staging": None,
        "gcp-volcano-qa": "gcp-galoy-staging",
        "gcp-volcano-production": "gcp-volcano-qa",
        "azure-volcano-staging": None,
    }
    assert [env.name for env in config.environments.values() if env.gate] == [
        "gcp-volcano-production"
    ]
    assert config.deployments.cepler == "cepler/lana-bank.yml"
    assert config.automerge.labels == ("galoybot", "lana-bank")


@pytest.mark.slow
def test_list_plan_and_doctor_work_on_it_without_a_network(at: At) -> None:
    project = at("seeded")
    # What leaves this machine ends at a closed door at once, as it would without a network.
    (project.folder / "galoy.yml").write_text(
        FILE.read_text().replace("https://gcr.io", "https://127.0.0.1:1")
    )
    away = {
        "GIT_SSH_COMMAND": "sh -c 'echo ssh: no route to host >&2; exit 255' --",
        "SLIPWAY_GITHUB_TOKEN": "",
        "GITHUB_TOKEN": "",
    }
    told = "pipeline=galoy.yml"
    listed = project.doit(told, "list", env=away)
    assert listed.code == 0, listed.err
    assert "tfplan:azure-volcano-staging" in listed.out

    begin = time.monotonic()
    plan = project.doit(told, "plan", env=away)
    assert time.monotonic() - begin < 30
    assert "Traceback" not in plan.out + plan.err
    url = "git@github.com:GaloyMoney/lana-bank.git"
    assert f"would fail  source: {url}: the remote cannot be read" in plan.out
    assert "is the URL in pipeline.yml right, and does your key or token open it?" in plan.out
    assert "Nothing was written." in plan.out

    doctor = project.doit(told, "doctor", env=away)
    assert doctor.code == 1
    assert "✓ pipeline.yml     lana-bank: 4 images, gcp-galoy-staging → " in doctor.out
    for name in ("source", "charts", "deployments", "registry", "forge"):
        assert f"✗ {name} " in doctor.out, name
    assert "there is no token for GitHub" in doctor.out
    assert "Traceback" not in doctor.out + doctor.err
    assert project.effects() == []
