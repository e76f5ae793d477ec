"""What pods of a Kubernetes cluster said: those that run, and those of a failed installation.

The latter are gone with the way back, so what they said is kept in the namespace, in a ConfigMap
that the next success removes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import MASK, redact

from . import objects, observed
from .kubectl import Client

_KEPT = 200  # lines of each log that are kept of a failure
_APART = ".."  # between workload and pod; neither may hold it
_KINDS = ("Deployment", "StatefulSet", "Job")


def of(client: Client, namespace: str, workload: str, lines: int) -> dict[str, list[str]]:
    """Return the last lines that each pod of a workload said, secrets masked; the newest last."""
    there = objects.there(client, namespace, objects.SAY, private=True)
    found = _kept(there, workload) | _of(client, namespace, there, workload, lines)
    return {pod: said[-lines:] if lines > 0 else [] for pod, said in found.items()}


def _of(
    client: Client, namespace: str, there: Sequence[Any], workload: str, lines: int
) -> dict[str, list[str]]:
    found, hidden = {}, objects.hidden(there)
    for one in there:
        if one["kind"] in _KINDS and one["metadata"]["name"] == workload:
            for pod in observed.pods_of(one, [o for o in there if o["kind"] == "Pod"]):
                name = pod["metadata"]["name"]
                found[name] = _said(client, namespace, pod, lines, hidden)
    return found


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


def last(
    client: Client, namespace: str, release: str, jobs: Collection[str]
) -> tuple[str, list[str]]:
    """Keep as `keep` does; that it cannot be done is told in the place of the words."""
    try:
        return keep(client, namespace, release, jobs)
    except SlipwayError as error:  # the failure itself is what matters
        return "", [f"what its pods said cannot be kept: {error.what}"]


def keep(
    client: Client, namespace: str, release: str, jobs: Collection[str]
) -> tuple[str, list[str]]:
    """Keep what the late pods of a release said; return what failed first, with its words.

    Args:
        client: of the cluster.
        namespace: that the release is in.
        release: its name.
        jobs: its Jobs, hooks too: those are late whose pods did not succeed.
    """
    there = client.items("get", objects.SAY, namespace=namespace, private=True)
    hidden = objects.hidden(there)
    late = {
        name: {
            pod["metadata"]["name"]: _said(client, namespace, pod, _KEPT, hidden)
            for pod in there
            if observed.job_of(pod) == name and not observed.succeeded(pod)
        }
        for name in sorted(jobs)
    }
    late |= {
        one.name: _of(client, namespace, there, one.name, _KEPT)
        for one in observed.workloads(there)
        if one.release == release and not one.ready
    }
    kept = {
        f"{name}{_APART}{pod}": "\n".join(lines)
        for name, said in late.items()
        for pod, lines in said.items()
    }
    about = {"name": _name(release), "labels": {objects.OURS: objects.MANAGER}}
    told = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": kept}
    objects.apply(client, told, namespace)
    first = next((one for one in late if late[one] or one not in jobs), "")
    return first, next(reversed(late.get(first, {}).values()), [])


def kept_in(release: str) -> str:
    """Return the object that keeps what is told of a failure, for whoever removes it."""
    return f"configmap/{_name(release)}"


def _kept(there: Sequence[Any], workload: str) -> dict[str, list[str]]:
    found = {}
    for one in there:
        labels = one["metadata"].get("labels") or {}
        if one["kind"] != "ConfigMap" or labels.get(objects.OURS) != objects.MANAGER:
            continue
        for key, text in (one.get("data") or {}).items():
            name, _, pod = key.partition(_APART)
            if name == workload and pod:
                found[pod] = text.splitlines()
    return found


def _name(release: str) -> str:
    return f"slipway-failed-{release}"
