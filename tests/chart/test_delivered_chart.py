"""The chart of the sandbox: nine components, each by its digest and with limits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tasks.chart.manifests import Manifest, read
from tasks.chart.policy import violations
from tests.project import ROOT

CHART = ROOT / "sandbox/charts/charts/lana-bank"
OWN = {"server", "admin-panel", "customer-portal", "lana-dw"}
THIRD = {"postgresql", "keycloak", "oathkeeper", "oauth2-proxy", "gotenberg"}
ALL = [f"--set={name}.enabled=true" for name in sorted(THIRD)]


def _render(helm: Path, *arguments: str) -> list[Manifest]:
    command = [str(helm), "template", "lana-bank", str(CHART), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return read(done.stdout, "the sandbox's chart")


def _components(manifests: list[Manifest]) -> set[str]:
    workloads = [one for one in manifests if one["kind"] in ("Deployment", "StatefulSet")]
    return {one["metadata"]["name"].removeprefix("lana-bank-") for one in workloads}


def test_the_nine_components_are_there_and_keep_the_policy(helm: Path) -> None:
    manifests = _render(helm, *ALL)
    assert _components(manifests) == OWN | THIRD
    assert violations(manifests) == []


def test_where_no_image_can_run_only_our_own_are_on(helm: Path) -> None:
    manifests = _render(helm)
    assert _components(manifests) == OWN
    assert violations(manifests) == []


@pytest.mark.parametrize("name", sorted(THIRD))
def test_each_can_be_switched_on_alone(helm: Path, name: str) -> None:
    assert _components(_render(helm, f"--set={name}.enabled=true")) == OWN | {name}


def test_helm_has_nothing_against_any_of_them(helm: Path) -> None:
    command = [str(helm), "lint", "--strict", "--with-subcharts", str(CHART), *ALL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("lanaBank.image.digest=latest", "/lanaBank/image/digest"),
        ("keycloak.image.digest=26.7.0", "/keycloak/image/digest"),
        ("gotenberg.enabled=maybe", "/gotenberg/enabled"),
        ("lanaBank.resources.limits=null", "/lanaBank/resources"),
        ("lanaBank.replcias=3", "'replcias' not allowed"),
        ("lanaBank.adminPanel.enviroment.A=b", "'enviroment' not allowed"),
        ("dagster.dagster-user-deployments.deployments[0].tag=1", "'tag' not allowed"),
        ("keycloak.databaseURL=x", "'databaseURL' not allowed"),
        ("lanabank.replicas=3", "'lanabank' not allowed"),
    ],
)
def test_the_schema_refuses_values_that_are_none(helm: Path, setting: str, says: str) -> None:
    command = [str(helm), "lint", "--strict", str(CHART), f"--set={setting}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert says in done.stdout + done.stderr


def test_what_pods_ask_for_by_name_is_a_service(helm: Path) -> None:
    """What one component is told of another one stands in its arguments and variables."""
    manifests = _render(helm, *ALL)
    services = {one["metadata"]["name"] for one in manifests if one["kind"] == "Service"}
    text = yaml.safe_dump_all(manifests)
    for name in ("lana-bank-postgresql:5432", "lana-bank-keycloak:8080", "lana-bank-server:5253"):
        assert name in text
        assert name.partition(":")[0] in services
