"""The roots and modules under `envs/`: what they plan, and what they ask of the cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tasks.kernel.errors import Failed
from tasks.terraform import Plan, Terraform
from tests.needs import need

ENVS = Path(__file__).resolve().parents[2] / "envs"
FOLDERS = {
    "staging": "gcp/galoy-staging/lana-bank",
    "qa": "gcp/volcano-qa/lana-bank",
    "production": "gcp/volcano-production/lana-bank",
    "azure-staging": "azure/volcano-staging/lana-bank",
}
ENVIRONMENTS = tuple(FOLDERS)
ROOTS = (*ENVIRONMENTS, "testflight")
CHART = "modules/lana-bank/vendor/lana-bank/chart"


def folder(name: str) -> str:
    """Return where a root is."""
    return FOLDERS.get(name, name)


class Tree:
    """A checkout of the deployments repository, and a cluster that only writes down its orders."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ENVS, folder / "tree", ignore=shutil.ignore_patterns(".terraform"))
        self.folder, self.tree = folder, folder / "tree"
        programs = folder / "bin"
        programs.mkdir()
        self.orders = folder / "orders"
        order = f'#!/bin/sh\necho "$@" >> {self.orders}\n'
        (programs / "slipway-cluster").write_text(order)
        (programs / "slipway-cluster").chmod(0o755)
        self.env = {"PATH": f"{programs}:{os.environ['PATH']}", "TF_VAR_namespace": "flight-1"}

    def vendor(self, version: str = "0.9.0") -> None:
        chart = self.tree / CHART
        chart.mkdir(parents=True, exist_ok=True)
        (chart / "Chart.yaml").write_text(f"version: {version}\nappVersion: 0.42.0\n")

    def render(self, name: str, text: str = "lanaBank: {}\n") -> None:
        (self.tree / folder(name) / "values.rendered.yaml").write_text(text)

    def terraform(self, name: str) -> Terraform:
        env = dict(self.env)
        if name in ENVIRONMENTS:
            del env["TF_VAR_namespace"]
        terraform = Terraform(Path(need("terraform")), self.tree / folder(name), env)
        terraform.init({"path": str(self.folder / "states" / f"{name}.tfstate")})
        return terraform

    def plan(self, name: str) -> Plan:
        return self.terraform(name).plan(self.folder / "plan")

    def apply(self, name: str) -> list[str]:
        """Plan and apply, and return what was ordered from the cluster."""
        self.orders.write_text("")
        terraform = self.terraform(name)
        terraform.plan(self.folder / "plan")
        terraform.apply(self.folder / "plan")
        return self.orders.read_text().splitlines()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    need("terraform")
    return Tree(tmp_path)


def test_everything_is_formatted_and_valid(tree: Tree) -> None:
    words = [need("terraform"), "fmt", "-check", "-recursive"]
    subprocess.run(words, cwd=tree.tree, check=True, env=tree.env)
    for name in ROOTS:
        tree.terraform(name).validate()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_is_a_namespace_a_release_and_three_databases(tree: Tree, name: str) -> None:
    tree.vendor()
    tree.render(name)
    assert tree.apply(name) == [
        f"namespace create --label environment={name} lana-bank-{name}",
        f"install --release lana-bank --namespace lana-bank-{name}"
        f" --chart ../../../{CHART} --values ./values.rendered.yaml --timeout 15m",
    ]
    told = tree.terraform(name).outputs()
    assert told["release"]["chart_version"] == "0.9.0"
    assert told["release"]["app_version"] == "0.42.0"
    assert len(told["release"]["chart_sha256"]) == 64
    assert sorted(told["databases"]) == ["dagster", "keycloak", "server"]
    assert told["url"].endswith(".lana.example")


def test_another_checkout_elsewhere_plans_nothing(tree: Tree, tmp_path: Path) -> None:
    tree.vendor()
    tree.render("staging")
    tree.apply("staging")
    tree.tree.rename(tmp_path / "somewhere-else")
    tree.tree = tmp_path / "somewhere-else"
    tree.env |= {"TF_VAR_timeout": "3s", "PATH": os.environ["PATH"]}
    for file in tree.tree.rglob("*"):
        if file.is_file():
            os.utime(file, (1, 1))
    assert tree.plan("staging").empty


def test_a_chart_or_values_replace_the_release_and_leave_no_gap(tree: Tree) -> None:
    tree.vendor()
    tree.render("qa")
    tree.apply("qa")

    tree.vendor("0.9.1")
    assert tree.plan("qa").lines == (
        "replace  module.lana_bank.terraform_data.release (chart changed)",
        "output   release",
    )
    orders = tree.apply("qa")
    assert [order.split()[0] for order in orders] == ["install"], "nothing was ended in between"

    tree.render("qa", "lanaBank: {replicas: 2}\n")
    plan = tree.plan("qa")
    assert plan.lines[0] == "replace  module.lana_bank.terraform_data.release (values changed)"
    assert (plan.replace, plan.destroy, plan.protected) == (1, 0, ())


def test_what_is_missing_is_said(tree: Tree) -> None:
    tree.render("staging")
    with pytest.raises(Failed, match=r"(?s)No chart has been vendored yet"):
        tree.plan("staging")
    tree.vendor()
    with pytest.raises(Failed, match=r"(?s)values have not been rendered"):
        tree.plan("qa")


def test_artificial_time_is_for_staging_and_testflights_alone(tree: Tree) -> None:
    tree.vendor()
    for name in ROOTS:
        tree.render(name, 'lanaBank: {env: {ENABLE_ARTIFICIAL_TIME: "true"}}\n')
    assert tree.plan("staging").add == tree.plan("azure-staging").add == 5
    assert tree.plan("testflight").add == 2
    for name in ("qa", "production"):
        with pytest.raises(Failed, match=r"(?s)does not allow it"):
            tree.plan(name)
    own = {name: yaml.safe_load((ENVS / folder(name) / "values.yml").read_text()) for name in ROOTS}
    timed = [n for n in ROOTS if "ENABLE_ARTIFICIAL_TIME" in own[n]["lanaBank"].get("env", {})]
    assert timed == ["staging", "azure-staging", "testflight"]


def test_only_productions_databases_are_highly_available_and_guarded(tree: Tree) -> None:
    tree.vendor()
    for name in ENVIRONMENTS:
        tree.render(name)
        tree.apply(name)
        state = (tree.folder / "states" / f"{name}.tfstate").read_text()
        there = name == "production"
        assert ('"highly_available": true' in state) == there
        main = tree.tree / folder(name) / "main.tf"
        text = main.read_text()
        begin, end = text.index('module "databases"'), text.index('output "release"')
        without = text[:begin] + text[end : text.index('output "databases"')]  # and "secrets"
        without = without.replace("module.databases.secrets", "{}")
        main.write_text(without)
        plan = tree.plan(name)
        assert plan.destroy == 3
        assert len(plan.protected) == 3 * there


def test_a_testflight_takes_its_namespace_along(tree: Tree) -> None:
    tree.vendor()
    tree.render("testflight")
    tree.env |= {"TF_VAR_secrets_from": "lana-bank-staging", "TF_VAR_timeout": "90s"}
    created, installed = tree.apply("testflight")
    assert created == (
        "namespace create --label environment=testflight --secrets-from lana-bank-staging flight-1"
    )
    assert installed.endswith("--timeout 90s")

    tree.orders.write_text("")
    tree.env |= {"TF_VAR_namespace": "flight-2"}  # another one finds this one's state
    terraform = tree.terraform("testflight")
    shutil.rmtree(tree.tree / CHART)
    terraform.destroy()
    assert tree.orders.read_text() == "namespace delete flight-1\n"


def test_secrets_are_referred_to_and_stand_nowhere(tree: Tree) -> None:
    tree.vendor()
    for name, begin in (("production", "projects/volcano-production/secrets/"),
                        ("azure-staging", "https://volcano-staging.vault.azure.net/")):  # fmt: skip
        tree.render(name)
        tree.apply(name)
        secrets = tree.terraform(name).outputs()["secrets"]
        assert sorted(secrets) == ["dagster", "keycloak", "server"]
        assert all(one.startswith(begin) for one in secrets.values())


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_values_name_the_password_of_the_environments_own_database(
    tree: Tree, name: str
) -> None:
    """Plans of it are refused where its own `values.yml` says another one."""
    tree.vendor()
    values = (tree.tree / folder(name) / "values.yml").read_text()
    tree.render(name, values)
    tree.apply(name)
    told = tree.terraform(name).outputs()
    assert told["release"]["database_secrets"] == told["secrets"]
    assert yaml.safe_load(values)["lanaBank"]["env"]["DATABASE_FROM"] == told["secrets"]["server"]
    tree.render(name, values.replace("-server", "-of-another"))
    with pytest.raises(Failed, match=r"(?s)names another place than the password"):
        tree.plan(name)


def test_the_rules_are_those_of_the_reference() -> None:
    """Staging, its followers, and a track of its own: files by cloud and project, as documented."""
    told = yaml.safe_load((ENVS / "cepler.yml").read_text())["environments"]
    assert list(told) == list(ENVIRONMENTS)
    for name in ENVIRONMENTS:
        cloud = FOLDERS[name].partition("/")[0]
        modules = [
            "modules/lana-bank/**",
            f"modules/lana-bank-{cloud}-pg/**",
            "modules/infra/vendor/tf/postgresql/**",
        ]
        project = FOLDERS[name].rpartition("/")[0]
        own = [f"{project}/shared/*", f"{project}/lana-bank/*"]
        first = "passed" not in told[name]
        assert told[name]["latest"] == ([*modules, *own] if first else own)
        assert told[name].get("propagated", modules) == modules
    passed = {name: told[name].get("passed") for name in ENVIRONMENTS}
    assert passed == {
        "staging": None,
        "qa": "staging",
        "production": "qa",
        "azure-staging": None,
    }
