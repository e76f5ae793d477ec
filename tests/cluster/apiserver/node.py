"""The one node: pods become processes of this machine, asked, started again, and ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tasks.cluster import asking, container, processes, services
from tasks.cluster.images import Images
from tasks.cluster.manifests import Wish, read
from tasks.cluster.probes import Health
from tasks.kernel.errors import SlipwayError
from tasks.registry import Registry

from .controllers import happened, key_of
from .store import Key, Object, Refused, Store, stamp

_BACKOFF = 0.3  # seconds before a restart; a real kubelet waits from ten on


@dataclass(slots=True)
class _Here:
    """A pod as the node has it."""

    wish: Wish
    image: str
    ports: Mapping[int, int]
    health: Health
    since: str
    restarts: int = 0
    again_at: float | None = None
    waiting: str = ""
    verdict: str = "waiting"
    past: list[bytes] = field(default_factory=list)


class Node:
    """Runs every pod of the store.

    Args:
        store: of the API server.
        folder: for logs and unpacked images.
        registry: where images come from.
        prefix: what manifests put before the names of its repositories.
        listens: returns the services of a namespace with their ports, for the pods' environment.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        registry: Registry,
        prefix: str,
        listens: Callable[[str], Mapping[str, int]],
    ) -> None:
        self._store = store
        self._folder = folder
        self._images = Images(folder / ".images", registry, prefix)
        self._listens = listens
        self._here: dict[Key, _Here] = {}

    def step(self) -> None:
        """Look at every pod once."""
        alive = {(one.namespace, one.pod) for one in processes.alive(self._folder)}
        for pod in self._store.all("pods"):
            key = key_of(pod)
            if "deletionTimestamp" in pod["metadata"]:
                self._end(key, pod)
            elif key not in self._here:
                self._begin(key, pod)
            else:
                self._look(key, pod, key[1:] in alive)

    def logs(self, key: Key, query: Mapping[str, str]) -> bytes:
        """Return what a pod said; that is of the process before where `previous` is asked for."""
        here = self._here.get(key)
        if query.get("previous") == "true":
            if here is None or not here.past:
                raise Refused(400, "ContainerWaiting", "previous terminated container not found")
            said = here.past[-1]
        elif here is None:
            message = f'container in pod "{key[2]}" is waiting to start'
            raise Refused(400, "ContainerWaiting", message)
        else:
            said = self._log(key)
        lines = said.splitlines(keepends=True)
        tail = int(query.get("tailLines", len(lines)))
        return b"".join(lines[-tail:] if tail else [])

    def ports(self, namespace: str, name: str, target: str) -> tuple[int, bool] | None:
        """Return where this machine reaches a port of a pod that runs, and whether it is ready."""
        here = self._here.get(("pods", namespace, name))
        inner = services.inner_port(here.wish, target) if here and not here.waiting else None
        if here is None or inner is None:
            return None
        return here.ports[inner], here.verdict == "ready"

    def _log(self, key: Key) -> bytes:
        try:
            return processes.log_of(self._folder, *key[1:]).read_bytes()
        except FileNotFoundError:
            return b""

    def _begin(self, key: Key, pod: Object) -> None:
        """Start a pod's process, unless something of it is missing."""
        namespace, name = key[1:]
        known = [*self._store.all("secrets", namespace), *self._store.all("configmaps", namespace)]
        for one in known:
            one["metadata"].pop("namespace")
            one["metadata"].pop("annotations", None)  # those of hooks are Helm's
        spec = {"template": {"metadata": pod["metadata"], "spec": pod["spec"]}}
        spec |= {"selector": {"matchLabels": pod["metadata"]["labels"]}}
        told = {"kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": 1} | spec}
        try:
            [wish] = read([told, *known], namespace).workloads
        except SlipwayError as error:
            self._waits(pod, "CreateContainerConfigError", error.what)
            return
        image = pod["spec"]["containers"][0]["image"]
        try:
            self._images.unpacked(image, name)
        except SlipwayError as error:
            self._waits(pod, "ErrImagePull", f"Failed to pull image: {error.what}")
            return
        inner = sorted(set(wish.container.ports.values()))
        ports = dict(zip(inner, services.free_ports(len(inner)), strict=True))
        here = _Here(wish, image, ports, Health({}, 0), "")
        self._here[key] = here
        self._start(key, pod, here)

    def _start(self, key: Key, pod: Object, here: _Here) -> None:
        namespace, name = key[1:]
        image = self._images.unpacked(here.image, name)
        launch = container.launch(here.wish, image, namespace, self._listens(namespace), here.ports)
        if pod["spec"].get("restartPolicy") == "Never":  # what runs to its end tells how it did
            told = ("/bin/sh", "-c", '"$@"; echo $? > "$0"', str(self._exit(key)), *launch.argv)
            launch = replace(launch, argv=told)
        processes.start(self._folder, namespace, name, launch)
        here.health = Health(here.wish.container.probes, time.monotonic())
        here.since, here.again_at, here.waiting = stamp(), None, ""
        happened(self._store, pod, "Started", f"Started container {here.wish.name}")
        self._tell(key, pod, here)

    def _look(self, key: Key, pod: Object, alive: bool) -> None:
        here, now = self._here[key], time.monotonic()
        if not alive and pod["spec"].get("restartPolicy") == "Never":
            self._ended(key, pod)
            return
        if here.again_at is not None:
            if now >= here.again_at:
                here.past.append(self._log(key))
                processes.log_of(self._folder, *key[1:]).unlink(missing_ok=True)
                here.restarts += 1
                self._start(key, pod, here)
            return
        verdict = "unhealthy"
        if alive:
            verdict = here.health.look(now, lambda probe: asking.ask(probe, here.ports[probe.port]))
            if verdict == "unhealthy":
                happened(self._store, pod, "Unhealthy", "a probe failed; it will be restarted")
                self._stop(key, here)
        if verdict == "unhealthy":
            happened(self._store, pod, "BackOff", "Back-off restarting failed container")
            here.again_at = now + _BACKOFF * 2 ** min(here.restarts, 5)
            here.waiting = "CrashLoopBackOff"
        here.verdict = verdict
        self._tell(key, pod, here)

    def _exit(self, key: Key) -> Path:
        return self._folder / f"{key[1]}.{key[2]}.exit"

    def _ended(self, key: Key, pod: Object) -> None:
        file = self._exit(key)
        code = int(file.read_text() or 1) if file.is_file() else 1
        told = pod["spec"]["containers"][0]
        status = {"name": told["name"], "image": told["image"], "imageID": told["image"]}
        status |= {"ready": False, "restartCount": 0, "state": {"terminated": {"exitCode": code}}}
        phase = "Failed" if code else "Succeeded"
        conditions = [{"type": "Ready", "status": "False"}]
        self._store.status(
            key, {"phase": phase, "conditions": conditions, "containerStatuses": [status]}
        )

    def _end(self, key: Key, pod: Object) -> None:
        here = self._here.get(key)
        if here is not None:
            self._stop(key, here)
            happened(self._store, pod, "Killing", f"Stopping container {here.wish.name}")
        self._here.pop(key, None)
        if self._store.has(key):
            self._store.remove(key)

    def _stop(self, key: Key, here: _Here) -> None:
        namespace, name = key[1:]
        processes.end(
            lambda: processes.alive(self._folder, namespace, {name}), self._folder, here.wish.grace
        )

    def _waits(self, pod: Object, reason: str, message: str) -> None:
        happened(self._store, pod, "Failed", message)
        told = pod["spec"]["containers"][0]
        state = {"waiting": {"reason": reason, "message": message}}
        status = {"name": told["name"], "image": told["image"], "imageID": "", "ready": False}
        self._store.status(
            key_of(pod),
            {
                "phase": "Pending",
                "conditions": [{"type": "Ready", "status": "False"}],
                "containerStatuses": [status | {"restartCount": 0, "state": state}],
            },
        )

    def _tell(self, key: Key, pod: Object, here: _Here) -> None:
        ready = here.verdict == "ready"
        state = {"running": {"startedAt": here.since}}
        if here.waiting:
            state = {"waiting": {"reason": here.waiting, "message": "back-off"}}
        status = {
            "name": pod["spec"]["containers"][0]["name"],
            "image": here.image,
            "imageID": here.image,
            "ready": ready,
            "restartCount": here.restarts,
            "state": state,
        }
        names = ("Initialized", "PodScheduled", "ContainersReady", "Ready")
        yes = {name: ready or not name.endswith("eady") for name in names}
        told = {
            "phase": "Running",
            "conditions": [{"type": name, "status": str(yes[name])} for name in names],
            "containerStatuses": [status],
        }
        self._store.status(key, told)
