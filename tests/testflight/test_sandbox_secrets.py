"""The sandbox's testflight gets a copy of staging's secret, and nobody ever sees its value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.cluster import open_cluster
from tasks.kernel.config import load
from tasks.kernel.world import World
from tasks.sandbox import provided
from tests.project import ROOT
from tests.sandboxed import At, Sandbox, did

SECRET, STAGING = "lana-bank-database", "lana-bank-staging"
ENTRY = "LANA_BANK_DATABASE_PASSWORD"


def _world(folder: Path) -> World:
    return World(load(folder / "pipeline.yml"), folder)


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "pipeline.yml").write_text((ROOT / "pipeline.yml").read_text())
    return _world(tmp_path)


def _value(sandbox: Sandbox) -> str:
    [made] = sandbox.cluster.manifests(STAGING, "sandbox-secrets")
    value: str = made["stringData"][ENTRY]
    return value


def test_each_declared_secret_is_made_once(world: World) -> None:
    assert provided.place(world) == STAGING
    assert provided.missing(world) == [SECRET]
    assert not (world.root / ".sandbox").exists(), "a look makes nothing"
    assert provided.provide(world) == [SECRET]
    cluster = open_cluster(world)
    before = cluster.manifests(STAGING, "sandbox-secrets")
    assert provided.provide(world) == []
    file = world.root / "pipeline.yml"
    file.write_text(file.read_text().replace(f"[{SECRET}]", f"[{SECRET}, keys]"))
    again = _world(world.root)
    assert provided.provide(again) == ["keys"]
    assert cluster.manifests(STAGING, "sandbox-secrets")[0] == before[0]


def test_labels_that_a_deployment_gave_stay(world: World) -> None:
    cluster = open_cluster(world)
    cluster.create(STAGING, {"environment": "staging"})
    assert provided.provide(world) == [SECRET]
    assert cluster.namespaces() == {STAGING: {"environment": "staging"}}
    cluster.create(STAGING, {"environment": "staging"})
    assert provided.missing(world) == [], "as when staging is deployed"


@pytest.mark.parametrize(
    "change",
    [
        ("kind: local, path: .sandbox/cluster", "kind: local, path: elsewhere/cluster"),
        (f", secrets: [{SECRET}]", ""),
    ],
)
def test_what_is_not_the_sandboxs_gets_none(world: World, change: tuple[str, str]) -> None:
    file = world.root / "pipeline.yml"
    assert change[0] in file.read_text()
    file.write_text(file.read_text().replace(*change))
    assert provided.place(_world(world.root)) == ""
    assert provided.provide(_world(world.root)) == []


@pytest.mark.slow
def test_a_testflight_says_what_it_copied_and_nobody_sees_the_value(sandboxed: At) -> None:
    sandbox = sandboxed("approved")
    value = _value(sandbox)

    run = sandbox.doit("release")

    assert run.code == 0, run.err
    assert f"{SECRET} copied from {STAGING}, 4 workloads up" in run.err
    deployed = sandbox.deploy("staging")
    assert deployed.code == 0, deployed.err
    assert _value(sandbox) == value, "a deployment keeps it"
    with sandbox.cluster.reach(STAGING, "lana-bank-server", 5253):
        pass
    assert value not in run.err + run.out
    for place in ("build", ".sandbox"):
        for file in (sandbox.folder / place).rglob("*"):
            if file.is_file() and file.name != "state.json":
                assert value.encode() not in file.read_bytes(), file


@pytest.mark.slow
def test_what_the_sandbox_lost_is_made_again_and_an_idle_run_stays_idle(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    assert did(sandbox.doit("testflight")) == []
    sandbox.cluster.delete(STAGING)
    run = sandbox.doit("sandbox")
    assert f"{SECRET} made in {STAGING}" in run.err
    state = sandbox.world / "cluster" / STAGING / "state.json"
    assert json.loads(state.read_text())["releases"]["sandbox-secrets"]["revision"] == 1
    assert SECRET not in sandbox.doit("sandbox").err
