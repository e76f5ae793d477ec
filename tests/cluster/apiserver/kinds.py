"""The kinds that this API server knows, and what it says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.5", "platform": "linux/amd64"}
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object, as discovery tells it."""

    resource: str
    kind: str
    group: str = ""
    namespaced: bool = True
    short: str = ""

    @property
    def version(self) -> str:
        """Its `apiVersion`."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def root(self) -> str:
        """Where its group is served."""
        return f"/apis/{self.group}/v1" if self.group else "/api/v1"


KINDS = {
    one.resource: one
    for one in (
        Kind("namespaces", "Namespace", namespaced=False, short="ns"),
        Kind("secrets", "Secret"),
        Kind("configmaps", "ConfigMap", short="cm"),
        Kind("services", "Service", short="svc"),
        Kind("pods", "Pod", short="po"),
        Kind("events", "Event", short="ev"),
        Kind("deployments", "Deployment", "apps", short="deploy"),
        Kind("replicasets", "ReplicaSet", "apps", short="rs"),
        Kind("statefulsets", "StatefulSet", "apps", short="sts"),
        Kind("jobs", "Job", "batch"),
        Kind("leases", "Lease", "coordination.k8s.io"),
        Kind(
            "customresourcedefinitions",
            "CustomResourceDefinition",
            "apiextensions.k8s.io",
            namespaced=False,
        ),
    )
}
GROUPS = {one.root: one.version for one in KINDS.values()}


def resources(root: str) -> Object:
    """Return what discovery says is served under a root."""
    found = [
        {
            "name": one.resource,
            "singularName": one.kind.lower(),
            "namespaced": one.namespaced,
            "kind": one.kind,
            "verbs": _VERBS,
            "shortNames": [one.short] if one.short else [],
        }
        for one in KINDS.values()
        if one.root == root
    ]
    about = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUPS[root]}
    return about | {"resources": found}


def openapi(root: str) -> Object:
    """Return the part of the schema that clients look at: that fields are validated here."""
    paths: Object = {}
    for one in KINDS.values():
        if one.root == root:
            inner = "/namespaces/{namespace}" if one.namespaced else ""
            about = {"group": one.group, "version": "v1", "kind": one.kind}
            asked = [
                {"name": name, "in": "query", "schema": {"type": "string"}}
                for name in ("fieldValidation", "dryRun")
            ]
            told = {"parameters": asked, "x-kubernetes-group-version-kind": about, "responses": {}}
            place = f"{root}{inner}/{one.resource}/{{name}}"
            paths[place] = {"patch": told, "put": told}
    about = {"title": "Kubernetes", "version": "v1.34.5"}
    return {"openapi": "3.0.0", "info": about, "paths": paths, "components": {"schemas": {}}}


def wrong(kind: Kind, told: Object) -> str:
    """Return why an object cannot be stored; "" when it can."""
    if (told.get("apiVersion"), told.get("kind")) != (kind.version, kind.kind):
        return f"this is no {kind.version} {kind.kind}"
    name = told.get("metadata", {}).get("name", "")
    if not _NAME.fullmatch(name):
        return f"metadata.name: {name!r} is no name"
    if unknown := set(told) - _FIELDS - _MORE.get(kind.kind, set()):
        return f'strict decoding error: unknown field "{min(unknown)}"'
    if why := _no_texts(kind, told):
        return why
    return _wrong_workload(told) if kind.kind == "Deployment" else ""


_FIELDS = {"apiVersion", "kind", "metadata", "spec", "status"}
_MORE = {
    "Secret": {"data", "stringData", "type", "immutable"},
    "ConfigMap": {"data", "binaryData", "immutable"},
    "Event": {"involvedObject", "reason", "message", "type", "count", "lastTimestamp"},
}


def _no_texts(kind: Kind, told: Object) -> str:
    """Return what must be a text and is none: the real server decodes it into nothing else."""
    about = told["metadata"]
    places = {
        "metadata.labels": about.get("labels"),
        "metadata.annotations": about.get("annotations"),
    }
    if kind.kind in ("ConfigMap", "Secret"):
        places |= {key: told.get(key) for key in ("data", "stringData")}
    spec = told.get("spec") or {}
    template = spec.get("template") or {}
    if template:
        inner = template.get("metadata") or {}
        places["spec.template.metadata.labels"] = inner.get("labels")
        places["spec.template.metadata.annotations"] = inner.get("annotations")
    pod = (template.get("spec") or {}) if template else spec if kind.kind == "Pod" else {}
    for one in pod.get("containers") or ():
        for entry in one.get("env") or ():
            places[f"env {entry.get('name')}"] = {"name": entry.get("name")}
            if entry.get("value") is not None:
                places[f"env {entry.get('name')}"] |= {"value": entry["value"]}
    for place, found in places.items():
        for key, value in (found or {}).items():
            if not isinstance(value, str):
                told_as = "bool" if isinstance(value, bool) else type(value).__name__
                return f"{place}.{key}: cannot unmarshal {told_as} into a string"
    return ""


def _wrong_workload(told: Object) -> str:
    spec = told.get("spec", {})
    wanted = spec.get("selector", {}).get("matchLabels")
    template = spec.get("template", {})
    if not wanted or not wanted.items() <= template.get("metadata", {}).get("labels", {}).items():
        return "spec.selector does not match the template's labels"
    containers = template.get("spec", {}).get("containers", [])
    if not containers:
        return "spec.template.spec.containers: Required value"
    if any(not one.get("image") or not one.get("name") for one in containers):
        return "spec.template.spec.containers[0].image: Required value"
    return ""
