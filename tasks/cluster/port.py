"""The port: what a cluster can do, whichever one stands behind it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from tasks.kernel.errors import WrongUsage
from tasks.kernel.facts import canonical

Manifest = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Pod:
    """One replica of a workload.

    Attributes:
        name: unique in its namespace for as long as that lives.
        ready: it runs, and its readiness probe says yes.
        ports: container port to `host:port`, where it is reached from this machine; empty when only
            `Cluster.reach` leads there.
        restarts: how often it was started again.
        since: when it was started, as `2026-01-31T12:00:00Z`; "" when it does not run.
        images: of all its containers, as the manifest names each and the digest that it really
            runs, "" before that; empty where a pod has one container only.
    """

    name: str
    ready: bool
    ports: Mapping[int, str]
    restarts: int
    since: str
    images: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """What a release runs under one name.

    Attributes:
        name: of its Deployment or StatefulSet.
        release: that it belongs to.
        image: as the manifest names it.
        digest: of that image.
        replicas: how many pods are wanted.
        ready: whether as many are ready.
        endpoints: `SERVICE:PORT` to the `host:port` where this machine reaches it; see `Pod.ports`.
        restarts: of all its pods.
        since: when its youngest pod was started.
        pods: those that are wanted, dead ones too.
    """

    name: str
    release: str
    image: str
    digest: str
    replicas: int
    ready: bool
    endpoints: Mapping[str, str]
    restarts: int
    since: str
    pods: tuple[Pod, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """What was installed under one name.

    Attributes:
        name: of the release.
        digest: of its manifests, as `digest_of` computes it.
        revision: counts the changes, from 1.
        since: when this revision was complete.
    """

    name: str
    digest: str
    revision: int
    since: str


class Cluster(Protocol):
    """A cluster of machines, or what passes for one.

    Every method raises `WrongUsage` for a name that is not a DNS label or a manifest that cannot be
    run, and `SlipwayError` when the cluster cannot be reached or another command is busy in the
    namespace.
    """

    def create(
        self,
        namespace: str,
        labels: Mapping[str, str],
        secrets_from: str = "",
        secrets: Collection[str] | None = None,
    ) -> None:
        """Make a namespace, or give an existing one these labels and secrets.

        Args:
            namespace: its name.
            labels: all it is to have.
            secrets_from: another namespace, whose secrets are copied.
            secrets: names of those to copy, each of which must be there; None for all.
        """

    def delete(self, namespace: str) -> bool:
        """End everything in a namespace and remove it; return whether there was anything."""

    def namespaces(self, prefix: str = "") -> dict[str, dict[str, str]]:
        """Return the namespaces whose names begin so, with their labels."""

    def sweep(self, prefix: str) -> list[str]:
        """Delete every namespace whose name begins so, what killed runs left of one included."""

    def install(
        self, namespace: str, release: str, manifests: Sequence[Manifest], timeout: float
    ) -> Release:
        """Make a release run exactly these manifests, and wait until all of it is ready.

        Only workloads that changed, and dead pods, are replaced, each new one ready before the old
        one stops. The same again mends what is missing, and is no new revision. When it fails, the
        release runs as it did before; a first one is gone.

        Args:
            namespace: an existing one.
            release: its name.
            manifests: Kubernetes objects.
            timeout: seconds for all of it.

        Raises:
            Failed: something did not become ready; says what, with the last lines of its log.
        """

    def uninstall(self, namespace: str, release: str) -> bool:
        """End a release; return whether there was one."""

    def release(self, namespace: str, release: str) -> Release | None:
        """Return what is installed under a name; None for nothing, or for no such namespace."""

    def manifests(self, namespace: str, release: str) -> list[Manifest]:
        """Return the manifests that are installed; they may hold secrets."""

    def history(self, namespace: str, release: str) -> list[Release]:
        """Return what was installed under a name, the oldest first and what runs last.

        The last ten revisions are known; empty for nothing, or for no such namespace.
        """

    def rollback(self, namespace: str, release: str, revision: int, timeout: float) -> Release:
        """Make a release run what one of its earlier revisions did; see `install`.

        That is a change like any other: it gets the next revision, and it goes back when it fails.

        Raises:
            WrongUsage: no such revision is known.
        """

    def workloads(self, namespace: str) -> list[Workload]:
        """Return what runs, each asked now whether it is ready; sorted by name."""

    def wait(self, namespace: str, timeout: float) -> list[Workload]:
        """Wait until all workloads are ready.

        Raises:
            Failed: one was not, within that many seconds.
        """

    def logs(self, namespace: str, workload: str, lines: int = 100) -> dict[str, list[str]]:
        """Return the last lines that each pod of a workload said, by pod; the newest pod last.

        Those of a failed installation are there until the next one.
        """

    def events(self, namespace: str) -> list[str]:
        """Return what happened in a namespace, a line each, the oldest first."""

    def reach(self, namespace: str, service: str, port: int) -> AbstractContextManager[str]:
        """Hold a way open from this machine to a port of a service; yields `host:port`."""


def digest_of(manifests: Sequence[Manifest]) -> str:
    """Return the digest that stands for these manifests; their order does not matter."""
    ordered = sorted(canonical(manifest) for manifest in manifests)
    return f"sha256:{hashlib.sha256(b''.join(ordered)).hexdigest()}"


def unknown(release: str, revision: int, history: Sequence[Release], where: str) -> WrongUsage:
    """Return what to say when a release has no such revision."""
    known = ", ".join(str(one.revision) for one in history)
    return WrongUsage(
        f"there is no revision {revision} of {release}",
        where=where,
        fix=f"name one of {known}" if known else "install it first",
    )


def label(name: str, what: str) -> str:
    """Return `name` when it is a DNS label, as Kubernetes wants names to be.

    Args:
        name: from outside.
        what: what it names, for the message.

    Raises:
        WrongUsage: it is not one.
    """
    if not _LABEL.fullmatch(name):
        raise WrongUsage(
            f"{name!r} cannot name a {what}",
            fix="use at most 63 lower-case letters, digits and hyphens, no hyphen at either end",
        )
    return name
