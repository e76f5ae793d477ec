"""The real side of the port, live: only where KUBECONFIG and SLIPWAY_TEST_CONTEXT name a cluster.

It makes a namespace of its own and removes it. SLIPWAY_TEST_IMAGE names an image by its digest that
runs for ever without arguments.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from tasks.cluster import Cluster, Manifest, digest_of
from tasks.cluster.opening import kubernetes
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tests.cluster import samples
from tests.project import ROOT

CONTEXT, IMAGE = os.environ.get("SLIPWAY_TEST_CONTEXT"), os.environ.get("SLIPWAY_TEST_IMAGE", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (os.environ.get("KUBECONFIG") and CONTEXT and IMAGE),
        reason="no cluster (KUBECONFIG, SLIPWAY_TEST_CONTEXT and SLIPWAY_TEST_IMAGE name one)",
    ),
]


@pytest.fixture
def cluster() -> Cluster:
    return kubernetes(CONTEXT or "", ROOT)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"slipway-test-{secrets.token_hex(4)}"
    cluster.create(name, {"for": "a-test"})
    yield name
    assert name in cluster.sweep(name)
    assert cluster.namespaces(name) == {}


def _workload(name: str = "web") -> Manifest:
    made = samples.deployment(name, IMAGE)
    [container] = made["spec"]["template"]["spec"]["containers"]
    for key in ("readinessProbe", "ports"):
        del container[key]
    return made


def test_a_namespace_has_its_labels_and_copies_of_secrets(cluster: Cluster, namespace: str) -> None:
    assert cluster.namespaces(namespace) == {namespace: {"for": "a-test"}}
    cluster.install(namespace, "own", [samples.secret("one", a="1"), samples.secret("two")], 60)
    other = f"{namespace}-copy"
    cluster.create(other, {}, namespace, ["one"])
    with pytest.raises(WrongUsage, match="no secret three"):
        cluster.create(other, {}, namespace, ["three"])


def test_a_release_comes_and_goes(cluster: Cluster, namespace: str) -> None:
    manifests = [_workload(), samples.service("web")]
    done = cluster.install(namespace, "shop", manifests, 120)
    assert (done.digest, done.revision) == (digest_of(manifests), 1)
    assert cluster.install(namespace, "shop", manifests, 120) == done
    [found] = cluster.wait(namespace, 60)
    assert (found.name, found.release, found.ready) == ("web", "shop", True)
    assert found.digest.startswith("sha256:")
    assert set(found.endpoints) == {"web:80"}
    assert cluster.events(namespace)
    assert cluster.uninstall(namespace, "shop")
    assert not cluster.uninstall(namespace, "shop")


def test_a_failed_update_leaves_what_ran(cluster: Cluster, namespace: str) -> None:
    first = cluster.install(namespace, "shop", [_workload()], 120)
    bad = _workload()
    [container] = bad["spec"]["template"]["spec"]["containers"]
    container["image"] = f"{IMAGE.partition('@')[0]}@sha256:{'0' * 64}"
    with pytest.raises(Failed, match="runs as it did before"):
        cluster.install(namespace, "shop", [bad], 20)
    assert cluster.release(namespace, "shop") == first
    assert cluster.wait(namespace, 60)[0].ready


def test_what_is_not_there_is_told(cluster: Cluster) -> None:
    with pytest.raises(SlipwayError, match="no namespace slipway-nowhere"):
        cluster.workloads("slipway-nowhere")
    assert cluster.release("slipway-nowhere", "shop") is None
    assert not cluster.delete("slipway-nowhere")
