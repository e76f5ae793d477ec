"""The secrets of the sandbox's cluster: what somebody would have made by hand before the first run.

A testflight copies declared secrets from the first environment. In the sandbox nobody has made
them, so each gets a value that nobody knows, once; one that is there is never changed.
"""

from __future__ import annotations

from typing import Any

from ..kernel import paths
from ..kernel.world import World

_RELEASE = "sandbox-secrets"
_PATIENCE = 30.0  # seconds that another command may be busy in the namespace


def place(world: World) -> str:
    """Return the namespace that the sandbox provides with secrets; "" when that is none of its."""
    told, flight = world.config.cluster, world.config.testflight
    ours = told.kind == "local" and told.path.startswith(f"{paths.SANDBOX}/")
    return world.config.secrets_from if ours and flight and flight.secrets else ""


def missing(world: World) -> list[str]:
    """Return the declared secrets that the sandbox has not made yet; changes nothing."""
    flight = world.config.testflight
    known = {one["metadata"]["name"] for one in _made(world)}
    return [name for name in (flight.secrets if flight else ()) if name not in known]


def provide(world: World) -> list[str]:
    """Make the declared secrets that are missing; return their names."""
    from ..cluster import open_cluster

    namespace = place(world)
    if not namespace or not (names := missing(world)):
        return []
    cluster = open_cluster(world)
    if namespace not in cluster.namespaces(namespace):
        cluster.create(namespace, {})
    new = [_secret(name) for name in names]
    cluster.install(namespace, _RELEASE, [*_made(world), *new], _PATIENCE)
    return names


def _made(world: World) -> list[dict[str, Any]]:
    """Return the secrets that the sandbox has made."""
    from ..cluster import open_cluster

    namespace, cluster = place(world), open_cluster(world)
    if not namespace or cluster.release(namespace, _RELEASE) is None:
        return []
    return cluster.manifests(namespace, _RELEASE)


def _secret(name: str) -> dict[str, Any]:
    import secrets

    entry = f"{name.upper().replace('-', '_')}_PASSWORD"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": {entry: secrets.token_urlsafe(24)},
    }
