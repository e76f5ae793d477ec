"""Which cluster the configuration means, when it is a real one: here, and for `slipway-cluster`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tasks.cluster import environment, open_cluster
from tasks.cluster.kubernetes import KubernetesCluster
from tasks.kernel.config import load
from tasks.kernel.world import World
from tests.cluster import answers as api
from tests.cluster.replay import Replay
from tests.project import PIPELINE

K = "kubectl --context=gke_staging"


@pytest.fixture
def replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    made = Replay(tmp_path)
    monkeypatch.setenv("SLIPWAY_KUBECTL", str(tmp_path / "kubectl"))
    monkeypatch.setenv("SLIPWAY_HELM", str(tmp_path / "helm"))
    return made


@pytest.fixture
def world(tmp_path: Path, replay: Replay) -> World:
    text = PIPELINE.replace(
        "registry: {kind: local, path: world/registry}",
        'registry: {kind: http, url: "https://registry.example.org"}',
    )
    assert text != PIPELINE
    (tmp_path / "pipeline.yml").write_text(
        text + "cluster: {kind: kubernetes, context: gke_staging}\n"
    )
    return World(load(tmp_path / "pipeline.yml"), tmp_path)


def test_the_configured_context_is_the_one_that_is_asked(world: World, replay: Replay) -> None:
    cluster = open_cluster(world)
    assert isinstance(cluster, KubernetesCluster)
    replay.knows(f"{K} get namespaces --output=json", api.listed(api.namespace("shop", a="b")))
    assert cluster.namespaces() == {"shop": {"a": "b"}}
    replay.settle()


def test_the_command_means_the_same_cluster(world: World, replay: Replay, tmp_path: Path) -> None:
    env = environment(world)
    assert env["SLIPWAY_CLUSTER_CONTEXT"] == "gke_staging"
    assert env["SLIPWAY_CLUSTER_ROOT"] == ""
    replay.knows(f"{K} get namespaces --output=json", api.listed(api.namespace("shop", a="b")))
    told = ["slipway-cluster", "namespace", "list", "--prefix", "sh"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        told, cwd=elsewhere, env=os.environ | env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "shop  a=b\n"
    replay.settle()


def test_what_runs_there_is_told_for_programs(world: World, replay: Replay, tmp_path: Path) -> None:
    run = "get deployments.apps,statefulsets.apps,pods,services --output=json"
    replay.knows(f"{K} --namespace=shop {run}", api.listed(api.deployment(), api.pod()))
    told = ["slipway-cluster", "status", "--namespace", "shop", "--json"]
    done = subprocess.run(
        told, cwd=tmp_path, env=os.environ | environment(world), capture_output=True, check=True
    )
    [found] = json.loads(done.stdout)
    assert (found["name"], found["digest"], found["ready"]) == ("web", api.DIGEST, True)
    replay.settle()
