"""What the API server keeps: objects by name, each change with a number, and who watches them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from . import merging
from .kinds import KINDS, Kind, wrong

Object = dict[str, Any]
Key = tuple[str, str, str]  # resource, namespace, name
Change = tuple[int, str, Key, Object]  # number, ADDED or MODIFIED or DELETED, which, as it is then


class Refused(Exception):
    """What the API server answers instead of an object."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class Store:
    """Everything that there is; all methods may be called by any thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.number = 100
        self._objects: dict[Key, Object] = {}
        self._managed: dict[Key, dict[str, Object]] = {}
        self._changes: list[Change] = []
        self.closed = False

    def get(self, key: Key) -> Object:
        """Return an object.

        Raises:
            Refused: it is not there.
        """
        with self.changed:
            if key not in self._objects:
                kind = KINDS[key[0]]
                where = f"{kind.resource}.{kind.group}" if kind.group else kind.resource
                raise Refused(404, "NotFound", f'{where} "{key[2]}" not found')
            return deepcopy(self._objects[key])

    def has(self, key: Key) -> bool:
        """Say whether an object is there."""
        with self.changed:
            return key in self._objects

    def all(self, resource: str, namespace: str = "") -> list[Object]:
        """Return the objects of a kind, in one namespace or in all; sorted by name."""
        with self.changed:
            return [
                deepcopy(one)
                for (kind, place, _), one in sorted(self._objects.items())
                if kind == resource and namespace in ("", place)
            ]

    def create(self, kind: Kind, namespace: str, told: Object) -> Object:
        """Store a new object."""
        with self.changed:
            key = self._checked(kind, namespace, told)
            if key in self._objects:
                message = f'{kind.resource} "{key[2]}" already exists'
                raise Refused(409, "AlreadyExists", message)
            return self._put(key, merging.coded(deepcopy(told)))

    def update(self, kind: Kind, namespace: str, told: Object) -> Object:
        """Replace an object; who read an older one is refused."""
        with self.changed:
            key = self._checked(kind, namespace, told)
            now = self.get(key)
            version = told["metadata"].get("resourceVersion")
            if version and version != now["metadata"]["resourceVersion"]:
                raise Refused(409, "Conflict", "the object has been modified")
            return self._put(key, merging.coded(deepcopy(told)))

    def apply(
        self,
        kind: Kind,
        namespace: str,
        told: Object,
        manager: str,
        *,
        force: bool,
        dry: bool = False,
    ) -> tuple[Object, bool]:
        """Apply an object, or only try to; return it, and whether it is new."""
        with self.changed:
            key = self._checked(kind, namespace, told)
            told = merging.coded(deepcopy(told))
            managed = self._managed.get(key, {})
            now = self._objects.get(key, {})
            try:
                result = merging.applied(now, told, manager, managed, force=force)
            except merging.Conflict as error:
                raise Refused(409, "Conflict", f"Apply failed: {error}") from None
            if dry:
                about = now.get("metadata", {}) | result["metadata"]
                return {**result, "metadata": about}, not now
            self._managed[key] = managed | {manager: told}
            return self._put(key, result), not now

    def status(self, key: Key, status: Object) -> None:
        """Set an object's status, when it is another one."""
        with self.changed:
            if key in self._objects and self._objects[key].get("status") != status:
                self._put(key, {**deepcopy(self._objects[key]), "status": status})

    def mark(self, key: Key) -> Object:
        """Note that an object is to go; whoever ends it takes it away."""
        with self.changed:
            now = self.get(key)
            if "deletionTimestamp" not in now["metadata"]:
                now["metadata"] |= {"deletionTimestamp": stamp(), "deletionGracePeriodSeconds": 30}
                if key[0] == "namespaces":
                    now["status"] = {"phase": "Terminating"}
                now = self._put(key, now)
            return now

    def remove(self, key: Key) -> Object:
        """Take an object away, and with it what it owns."""
        with self.changed:
            gone = self.get(key)
            del self._objects[key]
            self._managed.pop(key, None)
            self._note("DELETED", key, gone)
            for other, one in list(self._objects.items()):
                owners = one["metadata"].get("ownerReferences", ())
                if any(owner["uid"] == gone["metadata"]["uid"] for owner in owners):
                    if other[0] == "pods":
                        self.mark(other)
                    else:
                        self.remove(other)
            return gone

    def watch(self, resource: str, namespace: str, after: int, until: float) -> Iterator[Change]:
        """Yield each change of a kind after a number, until that moment of the monotonic clock."""
        seen = after
        while not self.closed and (left := until - time.monotonic()) > 0:
            with self.changed:
                new = [one for one in self._changes if one[0] > seen]
                if not new:
                    self.changed.wait(min(left, 1.0))
                    continue
            for one in new:
                seen = one[0]
                if one[2][0] == resource and namespace in ("", one[2][1]):
                    yield one

    def close(self) -> None:
        """Let every watch end."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _checked(self, kind: Kind, namespace: str, told: Object) -> Key:
        about = told.setdefault("metadata", {})
        if why := wrong(kind, told):
            raise Refused(422, "Invalid", f"{kind.kind} is invalid: {why}")
        if kind.namespaced:
            place = self.get(("namespaces", "", namespace))
            if about.setdefault("namespace", namespace) != namespace:
                raise Refused(400, "BadRequest", "the namespace of the object does not match")
            if "deletionTimestamp" in place["metadata"]:
                raise Refused(403, "Forbidden", f"namespace {namespace} is being terminated")
        return kind.resource, namespace, about["name"]

    def _put(self, key: Key, told: Object) -> Object:
        before = self._objects.get(key)
        about = told["metadata"]
        if before is None:
            about |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(), "generation": 1}
            if key[0] == "namespaces":
                labels = about.get("labels") or {}
                about["labels"] = {"kubernetes.io/metadata.name": key[2], **labels}
                told.setdefault("status", {"phase": "Active"})
        else:
            for name in ("uid", "creationTimestamp"):
                about[name] = before["metadata"][name]
            changed = before.get("spec") != told.get("spec")
            about["generation"] = before["metadata"]["generation"] + changed
            if {**told, "metadata": _bare(about)} == {
                **before,
                "metadata": _bare(before["metadata"]),
            }:
                return deepcopy(before)
        if key[0] in ("deployments", "replicasets"):
            told["spec"].setdefault("replicas", 1)
        self._objects[key] = told
        self._note("ADDED" if before is None else "MODIFIED", key, told)
        return deepcopy(told)

    def _note(self, what: str, key: Key, told: Object) -> None:
        self.number += 1
        told["metadata"]["resourceVersion"] = str(self.number)
        self._changes.append((self.number, what, key, deepcopy(told)))
        self.changed.notify_all()


def chosen(found: Iterable[Object], labels: str, fields: str) -> list[Object]:
    """Return those that a selector of labels and one of fields take.

    Raises:
        Refused: nobody has taught this API server such a selector.
    """
    result = list(found)
    for part in filter(None, labels.split(",")):
        name, _, value = part.partition("=")
        if not name or any(sign in part for sign in ("!", "(", " ")):
            raise Refused(400, "BadRequest", f"the selector {part!r} is not known here")
        result = [o for o in result if (o["metadata"].get("labels") or {}).get(name) == value]
    for part in filter(None, fields.split(",")):
        name, _, value = part.partition("=")
        if name != "metadata.name":
            raise Refused(400, "BadRequest", f"the field selector {part!r} is not known here")
        result = [one for one in result if one["metadata"]["name"] == value]
    return result


def stamp() -> str:
    """Return the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bare(about: Object) -> Object:
    return {key: value for key, value in about.items() if key != "resourceVersion"}
