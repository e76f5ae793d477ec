"""A cluster for each test, after which /proc is asked whether anything is left."""

from __future__ import annotations

import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster import Cluster, LocalCluster, Manifest, processes
from tasks.cluster.kubectl import Client
from tasks.cluster.kubernetes import KubernetesCluster
from tasks.cluster.opening import kubernetes
from tasks.kernel.tools import look
from tasks.registry import LayoutRegistry
from tests.cluster import samples
from tests.cluster.apiserver import CONTEXT, FakeKubernetes, Trap
from tests.project import ROOT

_ALL = "0.0.0.0"  # noqa: S104 - inside of a pod


@dataclass
class Place:
    """A cluster, and the registry that its images come from.

    Attributes:
        registry: where `image` pushes to.
        prefix: of the namespaces of one test, so that two on one cluster do not meet.
        short: seconds in which what fails may be seen to fail.
        live: an image by its digest that has Python, on a cluster where ours cannot be pulled.
        server: the small API server, where that is what stands behind.
    """

    cluster: Cluster
    registry: LayoutRegistry
    folder: Path
    prefix: str = ""
    short: float = 2.5
    live: str = ""
    server: FakeKubernetes | None = None

    def space(self, name: str = "staging") -> str:
        """Return the full name of a namespace of this test."""
        return f"{self.prefix}{name}"

    def image(self, version: str = "1", name: str = "app") -> str:
        return self.live or samples.push(self.registry, self.folder / "contexts", version, name)

    def web(self, name: str = "web", version: str = "1", **more: Any) -> Manifest:
        """Return a Deployment of the sample service, in a version of its own image."""
        made = samples.deployment(name, self.image(version), **more)
        if self.live:
            [container] = made["spec"]["template"]["spec"]["containers"]
            own = {"VERSION": version, "HOST": _ALL, "PORT": "8080", "GREETING": "hello"}
            container["env"] += [{"name": k, "value": v} for k, v in own.items()]
            container["command"] = ["python3", "-S", "-c", samples.APP]
        return made

    @property
    def is_kubernetes(self) -> bool:
        return isinstance(self.cluster, KubernetesCluster)

    def lose(self, namespace: str, workload: str) -> None:
        """Take a workload away behind the cluster's back."""
        if isinstance(self.cluster, KubernetesCluster):
            told = ("delete", "deployment", workload, "--cascade=foreground", "--wait")
            self.cluster._client.ask(*told, namespace=namespace)
            return
        folder = self.folder / "cluster"
        [found] = [o for o in self.cluster.workloads(namespace) if o.name == workload]
        names = {pod.name for pod in found.pods}
        processes.end(lambda: processes.alive(folder, namespace, names), folder, 0)

    def get(self, namespace: str, service: str, path: str = "/", port: int = 80) -> str:
        """Ask a service, and return what it answers."""
        with self.cluster.reach(namespace, service, port) as address:
            return fetch(address, path)


def fetch(address: str, path: str = "/") -> str:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            body = error.read()
    return body.decode()


def leftovers(folder: Path) -> list[str]:
    """Return every live process that has to do with a folder, whatever the cluster thinks."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        if place.name == str(os.getpid()):
            continue
        try:
            told = place.joinpath("environ").read_bytes() + place.joinpath("cmdline").read_bytes()
            told += (
                f"{place.joinpath('cwd').readlink()} {place.joinpath('fd/1').readlink()}".encode()
            )
            state = place.joinpath("stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # Zombies count when they are ours to reap.
        if os.fsencode(folder) in told and (state[0] != "Z" or int(state[1]) == os.getpid()):
            found.append(f"{place.name} {told!r}")
    return found


def _embedded(folder: Path) -> Iterator[Place]:
    registry = LayoutRegistry(folder / "registry")
    yield Place(LocalCluster(folder / "cluster", registry, patience=10), registry, folder)


def _played(folder: Path) -> Iterator[Place]:
    """The real Helm and the real kubectl, against the small API server."""
    client, helm = (_tool(name) for name in ("kubectl", "helm"))
    registry = LayoutRegistry(folder / "registry")
    with Trap() as trap:
        server = FakeKubernetes(folder, registry, client, trap.url)
        try:
            programs = (str(server.kubectl), helm)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("KUBECONFIG", str(server.kubeconfig))
                cluster = KubernetesCluster(Client(CONTEXT, *programs))
                yield Place(cluster, registry, folder, short=4, server=server)
        finally:
            server.close()
        server.settle()
        assert trap.asked == [], "the current context decided something"


def _live(folder: Path) -> Iterator[Place]:
    """A cluster that somebody names, with an image on it that has Python."""
    context, image = (os.environ.get(f"SLIPWAY_TEST_{one}", "") for one in ("CONTEXT", "IMAGE"))
    if not (os.environ.get("KUBECONFIG") and context and image):
        pytest.skip("no cluster: KUBECONFIG, SLIPWAY_TEST_CONTEXT and SLIPWAY_TEST_IMAGE name one")
    registry = LayoutRegistry(folder / "registry")
    yield Place(kubernetes(context, ROOT), registry, folder, short=30, live=image)


def _tool(name: str) -> str:
    found = [seen.path for seen in look(name, ROOT) if seen.fits]
    if not found:
        pytest.skip(f"{name} is not here (python -m tasks.kernel.tools fetch {name})")
    return str(found[0])


# Whoever stands behind the port joins here, and keeps the whole of test_contract.
SIDES: dict[str, Callable[[Path], Iterator[Place]]] = {
    "local": _embedded,
    "kubernetes": _played,
    "live": _live,
}
_MARKS = {"kubernetes": pytest.mark.slow, "live": pytest.mark.slow}


@pytest.fixture(params=[pytest.param(one, marks=_MARKS.get(one, ())) for one in SIDES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with contextmanager(SIDES[request.param])(tmp_path) as made:
        made.prefix = f"slipway-test-{secrets.token_hex(3)}-"
        yield made
        if made.server is None:  # the small one ends with the test, and everything in it
            made.cluster.sweep(made.prefix)
            assert made.cluster.namespaces(made.prefix) == {}
    assert leftovers(tmp_path) == []


@pytest.fixture
def kube(tmp_path: Path) -> Iterator[Place]:
    """A place whose cluster is Kubernetes, for what only that one promises."""
    with contextmanager(_played)(tmp_path) as made:
        yield made
    assert leftovers(tmp_path) == []


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Place]:
    """A place whose cluster is the embedded one, for what only that one promises."""
    registry = LayoutRegistry(tmp_path / "registry")
    cluster = LocalCluster(tmp_path / "cluster", registry, patience=10)
    yield Place(cluster, registry, tmp_path)
    cluster.sweep("")
    assert leftovers(tmp_path) == []
