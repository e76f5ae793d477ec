"""Single objects of a Kubernetes cluster: namespaces, secrets, and what is made by its manifest."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable
from typing import Any

from tasks.kernel.errors import SlipwayError, WrongUsage

from .kubectl import Client
from .port import Manifest, label

OURS = "app.kubernetes.io/managed-by"
MANAGER = "slipway"
RUN = "deployments.apps,statefulsets.apps,pods,services"
SAY = "deployments.apps,statefulsets.apps,jobs.batch,pods,secrets,configmaps"
_NOT_TO_COPY = ("helm.sh/release.v1", "kubernetes.io/service-account-token")
_SHORTEST_SECRET = 6  # a shorter value would blank out innocent words


def at(client: Client, namespace: str) -> str:
    """Return a namespace as messages name it."""
    return f"{client.context}/{namespace}"


def need(client: Client, namespace: str) -> None:
    """Refuse a namespace that is not there.

    Raises:
        SlipwayError: it is not.
        WrongUsage: nothing can have such a name.
    """
    label(namespace, "namespace")
    if not client.json("get", "namespace", namespace, "--ignore-not-found"):
        raise SlipwayError(
            f"there is no namespace {namespace}",
            where=client.context,
            fix=f"kubectl --context={client.context} create namespace {namespace}",
        )


def there(client: Client, namespace: str, *what: str, private: bool = False) -> list[Any]:
    """Return what kubectl gets in a namespace.

    Raises:
        SlipwayError: there is no such namespace; only looked for where it has nothing.
        WrongUsage: nothing can have such a name.
    """
    label(namespace, "namespace")
    found = client.items("get", *what, namespace=namespace, private=private)
    if not found:
        need(client, namespace)
    return found


def apply(client: Client, manifest: Manifest, namespace: str = "") -> None:
    """Make one object as it is told; it goes in through standard input."""
    client.ask(
        *("apply", "--server-side", "--force-conflicts", f"--field-manager={MANAGER}"),
        *("--filename=-", "--output=name"),
        namespace=namespace,
        stdin=json.dumps(manifest),
    )


def secrets(client: Client, namespace: str, names: Collection[str] | None) -> list[Manifest]:
    """Return the secrets of a namespace as they are to be copied into another one.

    Args:
        client: of the cluster.
        namespace: where they are.
        names: those to copy, each of which must be there; None for all that people have made.

    Raises:
        SlipwayError: there is no such namespace.
        WrongUsage: one of them is not there.
    """
    need(client, namespace)
    found = {
        one["metadata"]["name"]: one
        for one in client.items("get", "secrets", namespace=namespace, private=True)
        if one.get("type") not in _NOT_TO_COPY
    }
    if missing := sorted(set(names or ()) - set(found)):
        raise WrongUsage(
            f"there is no secret {missing[0]}",
            where=at(client, namespace),
            fix="make it there first, or name another namespace",
        )
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            **{key: one[key] for key in ("type", "data") if key in one},
        }
        for name, one in sorted(found.items())
        if names is None or name in names
    ]


def hidden(found: Iterable[Any]) -> list[str]:
    """Return the values of the secrets among objects, to be masked; the longest first."""
    told = [one for one in found if one["kind"] == "Secret"]
    coded = [value for one in told for value in (one.get("data") or {}).values()]
    values = {base64.b64decode(value).decode(errors="replace") for value in coded}
    return sorted((v for v in values if len(v) >= _SHORTEST_SECRET), key=len, reverse=True)
