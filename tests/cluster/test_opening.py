"""The configured cluster, opened here and reached by `slipway-cluster` from any folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.cluster import LocalCluster, environment, open_cluster
from tasks.kernel.config import load
from tasks.kernel.world import World
from tests.project import PIPELINE

HTTP = "{kind: http, url: 'https://registry.example.org/team', prefix: bank}"


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Helm of which nothing is asked but its version."""
    program = tmp_path / "programs" / "helm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho v4.1.4\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


def world(folder: Path, registry: str = "") -> World:
    text = PIPELINE + "cluster: {kind: local, path: world/cluster}\n"
    if registry:
        text = text.replace("{kind: local, path: world/registry}", registry)
    (folder / "pipeline.yml").write_text(text)
    return World(load(folder / "pipeline.yml"), folder)


def test_the_command_and_this_process_mean_the_same_cluster(tmp_path: Path, helm: Path) -> None:
    told = world(tmp_path)
    env = os.environ | environment(told)
    for words in (["create", "staging", "--label", "a=b"], ["list"]):
        done = subprocess.run(
            ["slipway-cluster", "namespace", *words],
            cwd="/",
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "staging  a=b\n"
    cluster = open_cluster(told)
    assert cluster.namespaces() == {"staging": {"a": "b"}}
    assert isinstance(cluster, LocalCluster)
    assert cluster.folder == tmp_path / "world/cluster"


def test_all_paths_are_absolute(tmp_path: Path, helm: Path) -> None:
    told = environment(world(tmp_path))
    assert told["SLIPWAY_REGISTRY"] == str(tmp_path / "world/registry")
    assert told["SLIPWAY_HELM"] == str(helm)
    assert all(Path(folder).is_absolute() for folder in told["PATH"].split(os.pathsep)[:2])
    assert told["SLIPWAY_IMAGE_PREFIX"] == ""


def test_a_registry_elsewhere_is_what_stands_before_its_images(tmp_path: Path, helm: Path) -> None:
    told = environment(world(tmp_path, HTTP))
    assert told["SLIPWAY_REGISTRY"] == "https://registry.example.org/team"
    assert told["SLIPWAY_IMAGE_PREFIX"] == "registry.example.org/team"


def test_a_prefix_inside_of_a_registry_is_part_of_the_images_name(
    tmp_path: Path, helm: Path
) -> None:
    told = environment(world(tmp_path, "{kind: local, path: world/registry, prefix: team}"))
    assert told["SLIPWAY_IMAGE_PREFIX"] == ""
