"""The embedded cluster: namespaces are folders, pods are processes of this machine."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.kernel.errors import Failed, SlipwayError, WrongUsage

from . import described, processes, services
from .images import Images, split
from .manifests import read, secrets_in
from .port import Manifest, Release, Workload, label, unknown
from .recorded import by_workload, end_pods, end_strays, route, said, shared, wanted_of
from .rollout import TAIL, Rollout
from .state import Space, State

if TYPE_CHECKING:
    from tasks.registry import Registry

_TICK = 0.1  # seconds between two looks of `wait`
_LEAVE = 10.0  # seconds that pods get when their namespace is deleted


class LocalCluster:
    """A cluster in a folder; see `port.Cluster` for what the methods promise.

    Args:
        folder: where it keeps its records; made when needed.
        registry: where images come from; None for a cluster that installs nothing new.
        image_prefix: what manifests put before the names of the registry's repositories.
        patience: seconds to wait for another command in the same namespace.
    """

    def __init__(
        self,
        folder: Path,
        registry: Registry | None = None,
        image_prefix: str = "",
        *,
        patience: float = 30.0,
    ) -> None:
        # Processes are found by this name, however the folder was called by whoever comes later.
        self.folder = folder.resolve()
        self.patience = patience
        self._prefix = image_prefix.strip("/")
        self._images = Images(self.folder / ".images", registry, image_prefix)

    def create(
        self,
        namespace: str,
        labels: Mapping[str, str],
        secrets_from: str = "",
        secrets: Collection[str] | None = None,
    ) -> None:
        """Make a namespace, or give an existing one these labels and secrets."""
        space = self._space(namespace)
        copied = self._secrets(secrets_from, secrets) if secrets_from else {}
        with space.lock(self.patience):
            state = space.load() if space.exists() else State()
            if not space.exists():
                self._clear(space)  # what is left of one that was half removed
            state.labels = dict(labels)
            state.secrets |= copied
            space.save(state)
            some = f", with copies of {', '.join(sorted(copied))}" if copied else ""
            space.happened(f"namespace {namespace} set{some}")

    def delete(self, namespace: str) -> bool:
        """End everything in a namespace and remove it."""
        space = self._space(namespace)
        with space.lock(self.patience):
            return self._clear(space)

    def namespaces(self, prefix: str = "") -> dict[str, dict[str, str]]:
        """Return the namespaces whose names begin so, with their labels."""
        found = {}
        for name in self._folders(prefix):
            space = Space(self.folder, name)
            if space.exists():
                found[name] = space.load().labels
        return found

    def sweep(self, prefix: str) -> list[str]:
        """Delete every namespace whose name begins so, what killed runs left of one included."""
        alive = {process.namespace for process in processes.alive(self.folder)}
        names = {*self._folders(prefix), *(name for name in alive if name.startswith(prefix))}
        return [name for name in sorted(names) if self.delete(name)]

    def install(
        self, namespace: str, release: str, manifests: Sequence[Manifest], timeout: float
    ) -> Release:
        """Make a release run exactly these manifests, and wait until all of it is ready."""
        label(release, "release")
        deadline = time.monotonic() + timeout
        space = self._space(namespace)
        with space.lock(min(timeout, self.patience)):
            state = space.load()
            around = [*state.secrets.values(), *shared(state, release)]
            wanted = read(manifests, namespace, around)
            images = {
                wish.name: self._images.unpacked(wish.container.image, wish.name)
                for wish in wanted.workloads
            }
            end_strays(space, state)
            space.tidy(state)
            rollout = Rollout(space, release, wanted, images, deadline)
            return rollout.run(manifests).told(release)

    def uninstall(self, namespace: str, release: str) -> bool:
        """End a release; return whether there was one."""
        label(release, "release")
        space = self._space(namespace)
        if not space.exists():
            return False
        with space.lock(self.patience):
            if not space.exists():
                return False
            state = space.load()
            end_strays(space, state)
            gone = state.releases.get(release)
            if gone is None:
                return False
            # The record goes last: as long as it stands, somebody knows that there is work to do.
            end_pods(space, gone.pods)
            del state.releases[release]
            route(space, state)
            space.happened(f"release {release} uninstalled")
            return True

    def release(self, namespace: str, release: str) -> Release | None:
        """Return what is installed under a name."""
        space = self._space(namespace)
        found = space.load().releases.get(release) if space.exists() else None
        return found.told(release) if found else None

    def manifests(self, namespace: str, release: str) -> list[Manifest]:
        """Return the manifests that are installed."""
        found = self._space(namespace).load().releases.get(release)
        if found is None:
            raise SlipwayError(f"there is no release {release}", where=namespace)
        return list(found.manifests)

    def history(self, namespace: str, release: str) -> list[Release]:
        """Return what was installed under a name, the oldest first."""
        label(release, "release")
        space = self._space(namespace)
        found = space.load().releases.get(release) if space.exists() else None
        if found is None:
            return []
        past = [Release(release, one.digest, one.revision, one.since) for one in found.past]
        return [*past, found.told(release)]

    def rollback(self, namespace: str, release: str, revision: int, timeout: float) -> Release:
        """Make a release run what one of its earlier revisions did."""
        known = self.history(namespace, release)
        found = self._space(namespace).load().releases.get(release)
        told = {one.revision: one.manifests for one in found.past} if found else {}
        if found:
            told[found.revision] = found.manifests
        if revision not in told:
            raise unknown(release, revision, known, namespace)
        return self.install(namespace, release, told[revision], timeout)

    def workloads(self, namespace: str) -> list[Workload]:
        """Return what runs, each asked now whether it is ready."""
        space = self._space(namespace)
        state = space.load()
        alive = processes.mains(processes.alive(self.folder, namespace))
        found = []
        for name, release in state.releases.items():
            wanted, pods = wanted_of(space, state, name), by_workload(release.pods)
            for wish in wanted.workloads:
                mine = [
                    described.pod(wish, one, alive.get((namespace, one.name)))
                    for one in pods.get(wish.name, [])
                ]
                digest = split(wish.container.image, self._prefix, wish.name)[1]
                ways = services.endpoints(wish, wanted.services, state.listens)
                found.append(described.workload(name, wish, digest, ways, mine))
        return sorted(found, key=lambda one: one.name)

    def wait(self, namespace: str, timeout: float) -> list[Workload]:
        """Wait until all workloads are ready."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.workloads(namespace)
            late = [one for one in found if not one.ready]
            if not late:
                return found
            if time.monotonic() >= deadline:
                last = self.logs(namespace, late[0].name, TAIL)
                raise Failed(
                    f"{late[0].name} is not ready",
                    where=f"{namespace}/{late[0].release}",
                    fix="look at its log; installing the release again starts it again",
                    detail=next(reversed(last.values()), []),
                )
            time.sleep(_TICK)

    def logs(self, namespace: str, workload: str, lines: int = 100) -> dict[str, list[str]]:
        """Return the last lines that each pod of a workload said, the newest pod last."""
        label(workload, "workload")
        space = self._space(namespace)
        state = space.load()
        hidden = [value for name in state.releases for value in _hidden(space, state, name)]
        known = {
            log: log.stat().st_mtime_ns
            for log in space.folder.glob(f"logs/{workload}-*.log")
            if log.stem.rpartition("-")[0] == workload
        }
        return {
            log.stem: said(space, log.stem, lines, hidden)
            for log in sorted(known, key=lambda log: known[log])
        }

    def events(self, namespace: str) -> list[str]:
        """Return what happened in a namespace, the oldest first."""
        space = self._space(namespace)
        space.load()
        return space.events()

    @contextmanager
    def reach(self, namespace: str, service: str, port: int) -> Iterator[str]:
        """Hold a way open to a port of a service; here it always is."""
        listens = self._space(namespace).load().listens
        found = listens.get(f"{service}:{port}")
        if found is None:
            raise SlipwayError(
                f"there is no service {service}:{port}",
                where=namespace,
                detail=[f"there is {key}" for key in sorted(listens)],
            )
        yield f"{services.HOST}:{found}"

    def _space(self, namespace: str) -> Space:
        return Space(self.folder, label(namespace, "namespace"))

    def _folders(self, prefix: str) -> list[str]:
        if not self.folder.is_dir():
            return []
        names = sorted(path.name for path in self.folder.iterdir() if path.is_dir())
        return [name for name in names if name.startswith(prefix) and not name.startswith(".")]

    def _clear(self, space: Space) -> bool:
        """End every process of a namespace and remove its folder, the processes first."""
        found = bool(processes.alive(self.folder, space.name))
        processes.end(lambda: processes.alive(self.folder, space.name), self.folder, _LEAVE)
        return space.remove() or found

    def _secrets(self, namespace: str, names: Collection[str] | None) -> dict[str, Manifest]:
        """Return the secrets of a namespace as they are to be copied into another one."""
        space = self._space(namespace)
        state = space.load()
        found = dict(state.secrets)
        for release in state.releases.values():
            found |= secrets_in(release.manifests)
        if missing := sorted(set(names or ()) - set(found)):
            raise WrongUsage(
                f"there is no secret {missing[0]}",
                where=namespace,
                fix="install it there first, or name another namespace",
            )
        return {
            name: {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name},
                **{key: one[key] for key in ("type", "data", "stringData") if key in one},
            }
            for name, one in found.items()
            if names is None or name in names
        }


def _hidden(space: Space, state: State, release: str) -> tuple[str, ...]:
    return wanted_of(space, state, release).hidden
