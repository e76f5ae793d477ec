"""What a Kubernetes cluster answers, as the port tells it: pure, JSON in, workloads out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .port import Pod, Workload

Object = Mapping[str, Any]
_RELEASE = "meta.helm.sh/release-name"
_KINDS = ("Deployment", "StatefulSet")
_NOTHING: Object = {}


def workloads(objects: Iterable[Object]) -> list[Workload]:
    """Return the workloads among Deployments, StatefulSets, Pods and Services; sorted by name."""
    known = list(objects)
    pods = [one for one in known if one["kind"] == "Pod"]
    services = [one for one in known if one["kind"] == "Service"]
    found = [_workload(one, pods_of(one, pods), services) for one in known if one["kind"] in _KINDS]
    return sorted(found, key=lambda one: one.name)


def pods_of(workload: Object, pods: Iterable[Object]) -> list[Object]:
    """Return the pods of a workload that are not on their way out, the newest last."""
    wanted = workload["spec"].get("selector", _NOTHING).get("matchLabels", {})
    mine = [
        pod
        for pod in pods
        if wanted
        and wanted.items() <= pod["metadata"].get("labels", {}).items()
        and "deletionTimestamp" not in pod["metadata"]
    ]
    return sorted(mine, key=lambda pod: pod["metadata"].get("creationTimestamp") or "")


def job_of(pod: Object) -> str:
    """Return the name of the Job that an object is a pod of; "" for any other."""
    labels = pod["metadata"].get("labels") or {}
    told = labels.get("batch.kubernetes.io/job-name") or labels.get("job-name") or ""
    return str(told) if pod["kind"] == "Pod" else ""


def succeeded(pod: Object) -> bool:
    """Say whether a pod has run to its end, and well."""
    return bool(pod.get("status", _NOTHING).get("phase") == "Succeeded")


def _workload(one: Object, mine: list[Object], services: list[Object]) -> Workload:
    spec, about = one["spec"], one["metadata"]
    image = spec["template"]["spec"]["containers"][0].get("image", "")
    pods = tuple(_pod(pod) for pod in mine)
    live = {digest for pod in mine if (digest := live_digest(pod))}
    # Several at once while one replaces the other: then it runs no single one.
    digest = live.pop() if len(live) == 1 else "" if live else image.partition("@")[2]
    labels = spec["template"]["metadata"].get("labels", {})
    endpoints = {
        f"{service['metadata']['name']}:{port['port']}": ""
        for service in services
        if (selector := service["spec"].get("selector")) and selector.items() <= labels.items()
        for port in service["spec"].get("ports", ())
    }
    return Workload(
        about["name"],
        about.get("annotations", {}).get(_RELEASE, ""),
        image,
        digest,
        spec.get("replicas", 1),
        _ready(one),
        endpoints,
        sum(pod.restarts for pod in pods),
        max((pod.since for pod in pods), default=""),
        pods,
    )


def _ready(one: Object) -> bool:
    """Say whether as many pods as wanted, all of the newest form, serve."""
    wanted, told = one["spec"].get("replicas", 1), one.get("status", _NOTHING)
    if told.get("observedGeneration", 0) < one["metadata"].get("generation", 1):
        return False
    if told.get("updatedReplicas", 0) < wanted or told.get("replicas", 0) > wanted:
        return False
    serving = "availableReplicas" if one["kind"] == "Deployment" else "readyReplicas"
    return bool(told.get(serving, 0) >= wanted)


def _pod(pod: Object) -> Pod:
    statuses = _statuses(pod)
    conditions = pod.get("status", _NOTHING).get("conditions", ())
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    running = statuses[0].get("state", {}).get("running", {}) if statuses else {}
    restarts = sum(one.get("restartCount", 0) for one in statuses)
    since = running.get("startedAt") or ""
    return Pod(pod["metadata"]["name"], ready, {}, restarts, since, _images(pod))


def _images(pod: Object) -> tuple[tuple[str, str], ...]:
    """Return each container's image, those of what initializes it too, with its live digest."""
    spec, told = pod["spec"], pod.get("status", _NOTHING)
    digests = {
        one["name"]: _digest(one.get("imageID", ""))
        for key in ("containerStatuses", "initContainerStatuses")
        for one in told.get(key, ())
    }
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    if len(containers) == 1:
        return ()
    return tuple((one.get("image", ""), digests.get(one["name"], "")) for one in containers)


def _digest(named: str) -> str:
    """Return the digest in what the kubelet calls an image; "" for none."""
    return named.partition("@")[2] or (named if named.startswith("sha256:") else "")


def live_digest(pod: Object) -> str:
    """Return the digest of the image that a pod's first container really runs; "" before that."""
    statuses = _statuses(pod)
    return _digest(statuses[0].get("imageID", "")) if statuses else ""


def _statuses(pod: Object) -> list[Object]:
    first = [one["name"] for one in pod["spec"].get("containers", ())][:1]
    told = pod.get("status", _NOTHING).get("containerStatuses", ())
    return sorted(told, key=lambda one: one["name"] not in first)


def event(one: Object) -> str:
    """Return an event in a line."""
    about = one.get("involvedObject") or one.get("regarding") or {}
    at = one.get("lastTimestamp") or one.get("eventTime") or one["metadata"]["creationTimestamp"]
    times = one.get("count") or 1
    again = f" ({times} times)" if times > 1 else ""
    what = f"{about.get('kind', '')} {about.get('name', '')}".strip()
    said = " ".join(str(one.get("message") or one.get("note") or "").split())
    return f"{at}  {what}: {one.get('reason', '')}: {said}{again}"
