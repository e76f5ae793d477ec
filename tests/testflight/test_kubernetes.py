"""Flights on Kubernetes: the real Terraform, Helm and kubectl, against the small API server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import paths
from tasks.kernel.errors import Failed
from tasks.kernel.tools import look
from tasks.testflight import fly, sweep
from tests.cluster.apiserver import CONTEXT, FakeKubernetes, Trap
from tests.cluster.conftest import leftovers
from tests.cluster.samples import secret
from tests.needs import need
from tests.project import ROOT
from tests.registry.conftest import Served
from tests.testflight.conftest import PIPELINE, Sky
from tests.testflight.test_killed import kill_at

pytestmark = pytest.mark.slow
PASSWORD = "hunter2-hunter2"


def _tool(name: str) -> str:
    found = [seen.path for seen in look(name, ROOT) if seen.fits]
    return str(found[0]) if found else need(name)


@pytest.fixture
def kube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    need("terraform")
    helm, kubectl = _tool("helm"), _tool("kubectl")
    served = Served(tmp_path / "docker-registry")
    text = PIPELINE.replace(
        "{kind: local, path: world/registry}", f'{{kind: http, url: "http://{served.host}"}}'
    ).replace("{kind: local, path: world/cluster}", f"{{kind: kubernetes, context: {CONTEXT}}}")
    text = text.replace("timeout: 60s", "timeout: 60s, secrets: [database]")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    sky = Sky(tmp_path, text, f"{served.host}/")
    with Trap() as trap:
        server = FakeKubernetes(tmp_path, sky.registry, kubectl, trap.url, served.host)
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
        monkeypatch.setenv("SLIPWAY_KUBECTL", str(server.kubectl))
        monkeypatch.setenv("SLIPWAY_HELM", helm)
        sky.cluster.create("lana-bank-staging", {})
        own = [secret("database", password=PASSWORD), secret("other", key="x")]
        sky.cluster.install("lana-bank-staging", "own", own, 60)
        yield sky
        server.close()
        server.settle()
        assert trap.asked == []
    served.stop()
    assert leftovers(tmp_path) == []


def _gone(sky: Sky) -> None:
    assert sky.cluster.namespaces("lana-bank-testflight") == {}
    assert list((sky.folder / "world/terraform").glob("*")) == []


def _seen(sky: Sky, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note which secrets a flight's namespace has while it is up."""
    import tasks.cluster

    found: list[Any] = []
    asked = tasks.cluster.smoketest

    def smoketest(cluster: Any, namespace: str, *more: Any) -> list[str]:
        told = cluster._client.items("get", "secrets", namespace=namespace, private=True)
        found.extend(one["metadata"]["name"] for one in told if one["type"] == "Opaque")
        return asked(cluster, namespace, *more)

    monkeypatch.setattr(tasks.cluster, "smoketest", smoketest)
    return found


def test_a_chart_flies_with_the_declared_secret_and_leaves_nothing(
    kube: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = _seen(kube, monkeypatch)
    said = fly.fly(kube.world)
    copied = "database copied from lana-bank-staging"
    up = "2 workloads up, 2 endpoints answer 0.42.0, gone again"
    assert said == f"{kube.namespace}: {copied}, {up}"
    assert secrets == ["database"]
    assert kube.verdict() == kube.expected()
    _gone(kube)
    for file in (kube.folder / "build").rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


def test_one_that_does_not_come_up_says_why_and_is_gone(kube: Sky) -> None:
    crash = {"digest": kube.digests["api"], "mode": "crash"}
    kube.publish_chart({"web": {"digest": kube.digests["web"]}, "api": crash})
    with pytest.raises(Failed) as caught:
        fly.fly(kube.world)
    assert "there is no database" in str(caught.value)
    kept = kube.folder / "build/testflight/failure"
    assert any("there is no database" in log.read_text() for log in kept.glob("logs/api-*"))
    assert "BackOff" in (kept / "events.txt").read_text()
    _gone(kube)


@pytest.mark.parametrize("point", ["applied", "down"])
def test_one_that_was_killed_is_swept(kube: Sky, point: str) -> None:
    kill_at(kube, point)
    assert sweep.sweep(kube.world) in (
        f"{kube.namespace} removed",
        "no flight has left a namespace",
    )
    _gone(kube)
    assert os.environ.get("SLIPWAY_KILL_AT") is None
