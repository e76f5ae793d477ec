"""What makes pods of Deployments, and takes namespaces away: the controllers of a cluster."""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from typing import Any

from .kinds import KINDS
from .store import Key, Object, Refused, Store, stamp


def step(store: Store) -> None:
    """Bring everything one step closer to what is wanted."""
    for one in store.all("namespaces"):
        if "deletionTimestamp" in one["metadata"]:
            _ended(store, one["metadata"]["name"])
    for one in store.all("deployments"):
        with suppress(Refused):  # its namespace is on its way out
            _deployment(store, one)
    for one in store.all("replicasets"):
        with suppress(Refused):
            _replicas(store, one)
    for one in store.all("jobs"):
        with suppress(Refused):
            _job(store, one)
    for one in store.all("customresourcedefinitions"):
        told = [{"type": kind, "status": "True"} for kind in ("NamesAccepted", "Established")]
        store.status(
            ("customresourcedefinitions", "", one["metadata"]["name"]), {"conditions": told}
        )


def happened(store: Store, about: Object, reason: str, message: str) -> None:
    """Tell an event; the same again is counted."""
    where, name = about["metadata"]["namespace"], about["metadata"]["name"]
    short = hashlib.sha256(f"{reason} {message}".encode()).hexdigest()[:10]
    told = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.{short}"},
        "involvedObject": {"kind": about["kind"], "name": name, "namespace": where},
        "reason": reason,
        "message": message,
        "type": "Normal",
        "count": 1,
        "lastTimestamp": stamp(),
    }
    key = ("events", where, f"{name}.{short}")
    with suppress(Refused):
        if store.has(key):
            before = store.get(key)
            store.update(KINDS["events"], where, {**before, "count": before["count"] + 1})
        else:
            store.create(KINDS["events"], where, told)


def _ended(store: Store, namespace: str) -> None:
    """Take away what is in a namespace, its pods first, and then the namespace."""
    for resource in ("deployments", "jobs"):
        for one in store.all(resource, namespace):
            store.remove((resource, namespace, one["metadata"]["name"]))
    pods = store.all("pods", namespace)
    for one in pods:
        store.mark(("pods", namespace, one["metadata"]["name"]))
    if pods:
        return
    for resource in KINDS:
        if KINDS[resource].namespaced:
            for one in store.all(resource, namespace):
                key = (resource, namespace, one["metadata"]["name"])
                if store.has(key):
                    store.remove(key)
    store.remove(("namespaces", "", namespace))


def _deployment(store: Store, one: Object) -> None:
    """Have a set of pods for its template, and end the older ones when these serve."""
    about, spec = one["metadata"], one["spec"]
    namespace, wanted = about["namespace"], spec.get("replicas", 1)
    short = hashlib.sha256(json.dumps(spec["template"], sort_keys=True).encode()).hexdigest()[:9]
    name = f"{about['name']}-{short}"
    if not store.has(("replicasets", namespace, name)):
        store.create(KINDS["replicasets"], namespace, _set(one, name, short))
        happened(store, one, "ScalingReplicaSet", f"Scaled up replica set {name} to {wanted}")
    mine = [o for o in store.all("replicasets", namespace) if _owned(o, one)]
    new = next(o for o in mine if o["metadata"]["name"] == name)
    _scale(store, new, wanted)
    serving = _pods(store, new)
    if sum(_is_ready(pod) for pod in serving) >= wanted:
        for old in mine:
            if old is not new:
                _scale(store, old, 0)
    everyone = [pod for one_set in mine for pod in _pods(store, one_set)]
    ready = sum(_is_ready(pod) for pod in everyone)
    done = sum(_is_ready(pod) for pod in serving) >= wanted and len(everyone) == wanted
    now = stamp()
    progress = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
    before = {o["type"]: o for o in one.get("status", {}).get("conditions", ())}
    status: Object = {
        "observedGeneration": about["generation"],
        "replicas": len(everyone),
        "updatedReplicas": len(serving),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(0, wanted - ready),
        "conditions": [
            _condition(before, "Available", ready >= wanted, "MinimumReplicasAvailable", now),
            _condition(before, "Progressing", True, progress, now),
        ],
    }
    store.status(("deployments", namespace, about["name"]), status)


def _condition(before: dict[str, Any], kind: str, yes: bool, why: str, now: str) -> Object:
    told = {"type": kind, "status": str(yes), "reason": why, "message": ""}
    old = before.get(kind, {})
    same = all(old.get(key) == value for key, value in told.items())
    since = old["lastUpdateTime"] if same else now
    return told | {"lastUpdateTime": since, "lastTransitionTime": since}


def _set(one: Object, name: str, short: str) -> Object:
    more = {"pod-template-hash": short}
    template = json.loads(json.dumps(one["spec"]["template"]))
    template["metadata"]["labels"] |= more
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "labels": template["metadata"]["labels"],
            "ownerReferences": [_owner(one)],
        },
        "spec": {
            "replicas": one["spec"].get("replicas", 1),
            "selector": {"matchLabels": one["spec"]["selector"]["matchLabels"] | more},
            "template": template,
        },
    }


def _replicas(store: Store, one: Object) -> None:
    """Make the pods that are missing, and end those that are too many."""
    about, namespace = one["metadata"], one["metadata"]["namespace"]
    pods = _pods(store, one)
    wanted = one["spec"]["replicas"]
    for _ in range(wanted - len(pods)):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{about['name']}-{secrets.token_hex(3)[:5]}",
                "labels": one["spec"]["template"]["metadata"]["labels"],
                "ownerReferences": [_owner(one)],
            },
            "spec": one["spec"]["template"]["spec"],
            "status": {"phase": "Pending"},
        }
        made = store.create(KINDS["pods"], namespace, pod)
        happened(store, one, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
    for pod in pods[wanted:]:
        store.mark(("pods", namespace, pod["metadata"]["name"]))
    ready = sum(_is_ready(pod) for pod in pods)
    status = {"observedGeneration": about["generation"], "replicas": len(pods)}
    more = {"readyReplicas": ready, "availableReplicas": ready, "fullyLabeledReplicas": len(pods)}
    store.status(("replicasets", namespace, about["name"]), status | more)


def _job(store: Store, one: Object) -> None:
    """Have one pod run to its end; another one while there may be as many failures."""
    about, namespace = one["metadata"], one["metadata"]["namespace"]
    before = one.get("status", {})
    if before.get("conditions"):
        return
    own = {"batch.kubernetes.io/controller-uid": about["uid"]}
    if "selector" not in one["spec"]:
        one["spec"]["selector"] = {"matchLabels": own}
        store.update(KINDS["jobs"], namespace, one)
    pods = [pod for pod in store.all("pods", namespace) if _owned(pod, one)]
    phases = [pod["status"]["phase"] for pod in pods]
    failed = phases.count("Failed")
    now = stamp()
    status: Object = {"startTime": before.get("startTime", now), "failed": failed}
    if "Succeeded" in phases:
        done = {"type": "Complete", "status": "True", "lastTransitionTime": now}
        status |= {"succeeded": 1, "completionTime": now, "conditions": [done]}
    elif failed > one["spec"].get("backoffLimit", 6):
        done = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
        status |= {"conditions": [done]}
    elif failed == len(pods):
        more = own | {"job-name": about["name"], "batch.kubernetes.io/job-name": about["name"]}
        template = one["spec"]["template"]
        labels = (template.get("metadata") or {}).get("labels", {}) | more
        store.create(
            KINDS["pods"],
            namespace,
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{about['name']}-{secrets.token_hex(3)[:5]}",
                    "labels": labels,
                    "ownerReferences": [_owner(one)],
                },
                "spec": template["spec"],
                "status": {"phase": "Pending"},
            },
        )
    store.status(("jobs", namespace, about["name"]), status)


def _scale(store: Store, one: Object, replicas: int) -> None:
    if one["spec"]["replicas"] != replicas:
        one["spec"]["replicas"] = replicas
        store.update(KINDS["replicasets"], one["metadata"]["namespace"], one)


def _pods(store: Store, one: Object) -> list[Object]:
    """Return the pods of a set that are not on their way out."""
    return [
        pod
        for pod in store.all("pods", one["metadata"]["namespace"])
        if _owned(pod, one) and "deletionTimestamp" not in pod["metadata"]
    ]


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _owned(one: Object, by: Object) -> bool:
    owners = one["metadata"].get("ownerReferences", ())
    return any(owner["uid"] == by["metadata"]["uid"] for owner in owners)


def _owner(one: Object) -> Object:
    told = {"apiVersion": one["apiVersion"], "kind": one["kind"], "name": one["metadata"]["name"]}
    return told | {"uid": one["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}


def key_of(pod: Object) -> Key:
    """Return where a pod is kept."""
    return "pods", pod["metadata"]["namespace"], pod["metadata"]["name"]
