"""A cluster for each test, after which /proc is asked whether anything is left."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.cluster import Cluster, LocalCluster
from tasks.registry import LayoutRegistry
from tests.cluster import samples


@dataclass
class Place:
    """A cluster, and the registry that its images come from."""

    cluster: Cluster
    registry: LayoutRegistry
    folder: Path

    def image(self, version: str = "1", name: str = "app") -> str:
        return samples.push(self.registry, self.folder / "contexts", version, name)

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


# A cluster on the network joins here.
SIDES: dict[str, Callable[[Path, LayoutRegistry], Cluster]] = {
    "local": lambda folder, registry: LocalCluster(folder / "cluster", registry, patience=10)
}


@pytest.fixture(params=sorted(SIDES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    registry = LayoutRegistry(tmp_path / "registry")
    cluster = SIDES[request.param](tmp_path, registry)
    yield Place(cluster, registry, tmp_path)
    cluster.sweep("")
    assert leftovers(tmp_path) == []


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Place]:
    """A place whose cluster is the embedded one, for what only that one promises."""
    registry = LayoutRegistry(tmp_path / "registry")
    cluster = LocalCluster(tmp_path / "cluster", registry, patience=10)
    yield Place(cluster, registry, tmp_path)
    cluster.sweep("")
    assert leftovers(tmp_path) == []
