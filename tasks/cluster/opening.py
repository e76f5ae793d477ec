"""Which cluster the configuration means: opened here, or told to programs by their environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.kernel.config import Registry as Settings
from tasks.kernel.tools import find_tool
from tasks.kernel.world import World

from .local import LocalCluster

if TYPE_CHECKING:
    from .port import Cluster

ROOT = "SLIPWAY_CLUSTER_ROOT"
REGISTRY = "SLIPWAY_REGISTRY"
INSECURE = "SLIPWAY_REGISTRY_INSECURE"
PREFIX = "SLIPWAY_IMAGE_PREFIX"
HELM = "SLIPWAY_HELM"
KUBECTL = "SLIPWAY_KUBECTL"
CONTEXT = "SLIPWAY_CLUSTER_CONTEXT"
_PROGRAMS = (("kubectl", KUBECTL), ("helm", HELM))
_COMMANDS = Path(__file__).resolve().parent / "bin"


def open_cluster(world: World) -> Cluster:
    """Return the cluster that releases run on; nothing is asked of it yet.

    Args:
        world: its configuration names the cluster, and the registry that images come from.
    """
    from tasks.registry import open_registry

    settings, told = world.config.registry, world.config.cluster
    if told.kind == "kubernetes":
        return kubernetes(told.context, world.root)
    registry = open_registry(settings, world.root)
    return LocalCluster(_folder(world, told.path), registry, _prefix(settings))


def kubernetes(context: str, root: Path) -> Cluster:
    """Return a real cluster; nothing is asked of it yet.

    Args:
        context: its name in the kubeconfig.
        root: the project's folder, for programs that were fetched into it.

    Raises:
        SlipwayError: kubectl or Helm is not here.
    """
    from .kubectl import Client
    from .kubernetes import KubernetesCluster

    programs = [named(name, variable, root) for name, variable in _PROGRAMS]
    return KubernetesCluster(Client(context, *programs))


def named(program: str, variable: str, root: Path) -> str:
    """Return the path of a program: what a variable names, else the one that fits."""
    return os.environ.get(variable) or str(find_tool(program, root))


def environment(world: World) -> dict[str, str]:
    """Return the variables, PATH among them, with which `slipway-cluster` means the same cluster.

    All paths are absolute: whoever calls it, Terraform for one, runs in a folder of its own.
    """
    settings, told = world.config.registry, world.config.cluster
    local = settings.kind == "local"
    python = Path(sys.executable).parent  # whose libraries the command needs
    return {
        ROOT: str(_folder(world, told.path)) if told.kind == "local" else "",
        CONTEXT: told.context,
        **({} if told.kind == "local" else {KUBECTL: named("kubectl", KUBECTL, world.root)}),
        REGISTRY: str(_folder(world, settings.path)) if local else settings.url,
        INSECURE: "1" if settings.insecure else "",
        PREFIX: _prefix(settings),
        HELM: named("helm", HELM, world.root)
        if told.context
        else str(find_tool("helm", world.root)),
        "PATH": os.pathsep.join([str(_COMMANDS), str(python), os.environ.get("PATH", os.defpath)]),
    }


def _folder(world: World, path: str) -> Path:
    return (world.root / path).absolute()


def _prefix(settings: Settings) -> str:
    """Return what manifests put before a registry's names: where it is, when it is elsewhere.

    The section's own `prefix` is part of a repository's name in the registry, so it stays on.
    """
    return settings.url.partition("://")[2].strip("/") if settings.kind == "http" else ""
