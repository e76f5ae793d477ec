"""What pods of a Kubernetes cluster said: those that run, and those of a failed installation.

The latter are gone with the way back, so what they said is kept in the namespace, in a ConfigMap
that the next success removes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import MASK, redact

from . import objects, observed
from .kubectl import Client

_KEPT = 200  # lines of each log that are kept of a failure
_APART = ".."  # between workload and pod; neither may hold it
_KINDS = ("Deployment", "StatefulSet")


def of(client: Client, namespace: str, workload: str, lines: int) -> dict[str, list[str]]:
    """Return the last lines that each pod of a workload said, secrets masked; the newest last."""
    found = _kept(client, namespace, workload)
    running = client.items("get", objects.RUN, namespace=namespace)
    hidden = objects.hidden(client, namespace)
    for one in running:
        if one["kind"] in _KINDS and one["metadata"]["name"] == workload:
            for pod in observed.pods_of(one, [o for o in running if o["kind"] == "Pod"]):
                name = pod["metadata"]["name"]
                found[name] = _said(client, namespace, pod, lines, hidden)
    return {pod: said[-lines:] if lines > 0 else [] for pod, said in found.items()}


def _said(
    client: Client, namespace: str, pod: Mapping[str, Any], lines: int, hidden: Sequence[str]
) -> list[str]:
    """Return a pod's last lines; those of the process before when this one has said nothing."""
    statuses = pod.get("status", {}).get("containerStatuses", ())
    restarted = any(one.get("restartCount", 0) for one in statuses)
    said = ""
    for more in ((), ("--previous",)) if restarted else ((),):
        if not said.strip():
            told = ("logs", f"pod/{pod['metadata']['name']}", f"--tail={lines}", *more)
            done = client.ask(*told, namespace=namespace, private=True, ok=None)
            said = done.out if done.code == 0 else ""
    for value in hidden:
        said = said.replace(value, MASK)
    return redact(said).splitlines()


def last(client: Client, namespace: str, release: str) -> tuple[str, list[str]]:
    """Keep as `keep` does; that it cannot be done is told in the place of the words."""
    try:
        return keep(client, namespace, release)
    except SlipwayError as error:  # the failure itself is what matters
        return "", [f"what its pods said cannot be kept: {error.what}"]


def keep(client: Client, namespace: str, release: str) -> tuple[str, list[str]]:
    """Keep what the late pods of a release said; return its first late workload, with its words."""
    running = client.items("get", objects.RUN, namespace=namespace)
    late, words, kept = "", list[str](), dict[str, str]()
    for one in observed.workloads(running):
        if one.release != release or one.ready:
            continue
        said = of(client, namespace, one.name, _KEPT)
        kept |= {f"{one.name}{_APART}{pod}": "\n".join(lines) for pod, lines in said.items()}
        if not late:
            late, words = one.name, next(reversed(said.values()), [])
    about = {"name": _name(release), "labels": {objects.OURS: objects.MANAGER}}
    told = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": kept}
    objects.apply(client, told, namespace)
    return late, words


def forget(client: Client, namespace: str, release: str) -> None:
    """Remove what is kept of a failure."""
    told = ("delete", "configmap", _name(release), "--ignore-not-found", "--output=name")
    client.ask(*told, namespace=namespace)


def _kept(client: Client, namespace: str, workload: str) -> dict[str, list[str]]:
    told = ("get", "configmaps", f"--selector={objects.OURS}={objects.MANAGER}")
    found = {}
    for one in client.items(*told, namespace=namespace):
        for key, text in (one.get("data") or {}).items():
            name, _, pod = key.partition(_APART)
            if name == workload and pod:
                found[pod] = text.splitlines()
    return found


def _name(release: str) -> str:
    return f"slipway-failed-{release}"
