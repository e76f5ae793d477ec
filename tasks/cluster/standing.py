"""Whether what Helm has installed still stands in the cluster as it was told."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.kernel import goyaml

from . import hooks, objects
from .kubectl import Client
from .port import Manifest

_TIMEOUT = 120.0  # seconds; the cluster is asked for every object
_ESTABLISHED = 60  # seconds until a new CRD is served


def differs(client: Client, namespace: str, manifests: Sequence[Manifest]) -> bool:
    """Say whether something of a release is missing, or is not what its manifests say.

    The cluster itself tells, by an apply that changes nothing: what it fills in, and the way it
    writes a number, make no difference. Hooks are no part of what stands. Where it cannot tell, as
    behind an admission webhook that knows no such apply, something may differ.
    """
    told = [one for one in manifests if not hooks.events(one)]
    if missing_crds(client, manifests):
        return True
    if not told:
        return False
    how = ("--server-side", "--force-conflicts", f"--field-manager={objects.MANAGER}")
    done = client.ask(
        *("diff", *how, "--filename=-"),
        namespace=namespace,
        stdin="".join(f"---\n{goyaml.written(one)}\n" for one in told),
        timeout=_TIMEOUT,
        private=True,
        ok=None,
    )
    return done.code != 0


def missing_crds(client: Client, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Return those of a chart's CRDs that the cluster does not have."""
    crds = [one for one in manifests if hooks.is_crd(one)]
    if not crds:
        return []
    names = [one["metadata"]["name"] for one in crds]
    told = client.ask(
        *("get", "customresourcedefinitions", "--ignore-not-found", "--output=name", "--", *names)
    )
    there = {line.rpartition("/")[2] for line in told.out.split()}
    return [one for one in crds if one["metadata"]["name"] not in there]


def make_crds(client: Client, manifests: Sequence[Manifest]) -> None:
    """Make those CRDs that are missing; Helm does that for a first installation alone."""
    for one in missing_crds(client, manifests):
        name = one["metadata"]["name"]
        objects.apply(client, one)
        client.ask(
            *("wait", f"customresourcedefinition/{name}", "--for=condition=Established"),
            f"--timeout={_ESTABLISHED}s",
            timeout=_ESTABLISHED + 30,
        )
