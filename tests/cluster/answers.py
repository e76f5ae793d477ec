"""What a cluster answers: the objects of its API, as small as they can be."""

from __future__ import annotations

import base64
from typing import Any

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
IMAGE = f"registry.example.org/shop/web@{DIGEST}"
Object = dict[str, Any]


def listed(*items: Object) -> Object:
    """Return a list as kubectl answers it."""
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def namespace(name: str, **labels: str) -> Object:
    """Return a namespace, with the label that every cluster adds."""
    given = {"kubernetes.io/metadata.name": name, "app.kubernetes.io/managed-by": "slipway"}
    return {"kind": "Namespace", "metadata": {"name": name, "labels": given | labels}}


def secret(name: str, kind: str = "Opaque", **data: str) -> Object:
    """Return a Secret as it is stored."""
    coded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    about = {"name": name, "namespace": "staging", "uid": "1", "resourceVersion": "7"}
    return {"kind": "Secret", "metadata": about, "type": kind, "data": coded}


def deployment(name: str = "web", *, ready: bool = True, status: Object | None = None) -> Object:
    """Return a Deployment with its status."""
    told = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}
    told |= {"availableReplicas": 1} if ready else {}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "generation": 2,
            "annotations": {"meta.helm.sh/release-name": "shop"},
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": IMAGE}]},
            },
        },
        "status": told | (status or {}),
    }


def pod(
    name: str = "web-1",
    app: str = "web",
    *,
    digest: str = DIGEST,
    ready: bool = True,
    restarts: int = 0,
    gone: bool = False,
    at: str = "2026-01-31T12:00:00Z",
) -> Object:
    """Return a pod with the status of its container."""
    about: Object = {"name": name, "labels": {"app": app, "hash": "x"}, "creationTimestamp": at}
    if gone:
        about["deletionTimestamp"] = at
    image = f"registry.example.org/shop/web@{digest}" if digest else ""
    status = {
        "name": app,
        "imageID": image,
        "restartCount": restarts,
        "state": {"running": {"startedAt": at}} if ready else {"waiting": {"reason": "Crash"}},
    }
    return {
        "kind": "Pod",
        "metadata": about,
        "spec": {"containers": [{"name": app, "image": IMAGE}]},
        "status": {
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [status],
        },
    }


def service(name: str = "web", port: int = 80) -> Object:
    """Return a Service."""
    return {
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
    }


def entry(revision: int, status: str, count: int = 0) -> Object:
    """Return an entry of Helm's history."""
    return {
        "revision": revision,
        "updated": f"2026-01-31T12:00:0{revision}.123456789Z",
        "status": status,
        "chart": f"shop-0.0.{count or revision}",
        "app_version": "",
        "description": "",
    }


def lease(holder: str = "there/1", renewed: str = "2026-01-31T12:00:00.000000Z") -> Object:
    """Return the lease of a release, as it is held."""
    about = {"name": "slipway-shop", "resourceVersion": "7"}
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 30, "renewTime": renewed}
    return {"kind": "Lease", "metadata": about, "spec": spec}
