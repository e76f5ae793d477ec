"""What is written down of a namespace: one file, replaced whole, readable by its owner alone.

    CLUSTER/.locks/NAMESPACE        held by whoever changes it
    CLUSTER/.images/DIGEST/         unpacked images, for all namespaces
    CLUSTER/NAMESPACE/state.json    labels, secrets, releases with their pods, routes of services
    CLUSTER/NAMESPACE/events.log    what happened, a line each
    CLUSTER/NAMESPACE/logs/POD.log

The forwarder of the services reads `routes` from the same file, so that traffic and releases never
disagree.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.kernel.errors import SlipwayError
from tasks.kernel.facts import canonical
from tasks.kernel.lock import exclusively

from .port import Manifest, Release


@dataclass(frozen=True, slots=True)
class Placed:
    """A pod as it was started.

    Attributes:
        spec: digest of all that makes it what it is; a pod with another one has to be replaced.
        ports: container port to port on this machine.
        grace: seconds it has to stop by itself.
    """

    name: str
    workload: str
    spec: str
    image: str
    ports: Mapping[int, int]
    grace: float
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """What a release was before: enough to make it so again."""

    digest: str
    revision: int
    since: str
    manifests: Sequence[Manifest]


@dataclass(frozen=True, slots=True)
class Installed:
    """A release: what it was made from, and the pods that it consists of.

    Attributes:
        past: its earlier revisions, the oldest first.
        shared: secrets and settings of other releases, as they were when this one was installed;
            it goes on with them when the others are gone.
    """

    digest: str
    revision: int
    since: str
    manifests: Sequence[Manifest]
    pods: tuple[Placed, ...]
    past: tuple[Past, ...] = ()
    shared: Sequence[Manifest] = ()

    def told(self, name: str) -> Release:
        """Return it as the port tells it."""
        return Release(name, self.digest, self.revision, self.since)


@dataclass(slots=True)
class State:
    """A namespace.

    Attributes:
        secrets: copied Secret manifests, by name.
        listens: `SERVICE:PORT` to the port where this machine reaches it.
        routes: that port to the ports of the pods behind it.
    """

    labels: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Manifest] = field(default_factory=dict)
    releases: dict[str, Installed] = field(default_factory=dict)
    listens: dict[str, int] = field(default_factory=dict)
    routes: dict[str, list[int]] = field(default_factory=dict)


class Space:
    """The folder of one namespace; its name has been checked."""

    def __init__(self, cluster: Path, name: str) -> None:
        self.cluster = cluster
        self.name = name
        self.folder = cluster / name
        self.file = self.folder / "state.json"

    @contextmanager
    def lock(self, patience: float) -> Iterator[None]:
        """Hold the namespace while the body runs; its lock stands outside of its folder."""
        try:
            with exclusively(self.cluster / ".locks" / self.name, patience):
                yield
        except OSError as error:
            raise SlipwayError(
                f"the cluster's folder cannot be written: {error.strerror or error}",
                where=str(error.filename or self.folder),
                fix="check the disk, and the folder's owner and mode",
            ) from None

    def exists(self) -> bool:
        """Say whether the namespace is there, and not half removed."""
        return self.file.is_file()

    def load(self) -> State:
        """Read the namespace.

        Raises:
            SlipwayError: there is no such namespace, or its file is damaged.
        """
        try:
            told = json.loads(self.file.read_bytes())
            return _state(told)
        except FileNotFoundError:
            raise SlipwayError(
                f"there is no namespace {self.name}",
                where=str(self.cluster),
                fix=f"python -m tasks.cluster --root {self.cluster} namespace create {self.name}",
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SlipwayError(
                f"the record of the namespace is damaged: {error!r}",
                where=str(self.file),
                fix=f"python -m tasks.cluster --root {self.cluster} namespace delete {self.name}",
            ) from None

    def save(self, state: State) -> None:
        """Replace the record; the file is readable by its owner alone, from its first byte on."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".state.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(canonical(asdict(state)))
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(self.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def happened(self, what: str) -> None:
        """Add a line to what happened; that it cannot be written stops nothing."""
        with suppress(OSError), (self.folder / "events.log").open("a") as log:
            log.write(f"{now()}  {what}\n")

    def events(self) -> list[str]:
        """Return what happened, the oldest first."""
        try:
            return (self.folder / "events.log").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def remove(self) -> bool:
        """Remove the folder, the record first; return whether there was one."""
        if not self.folder.exists():
            return False
        self.file.unlink(missing_ok=True)
        shutil.rmtree(self.folder)
        return True

    def tidy(self, state: State) -> None:
        """Remove what killed commands left, and the logs of pods that are in no release."""
        kept = {pod.name for release in state.releases.values() for pod in release.pods}
        for log in self.folder.glob("logs/*.log"):
            if log.stem not in kept and not log.name.startswith("."):
                log.unlink(missing_ok=True)
        for half in self.folder.glob(".state.*.tmp"):
            half.unlink(missing_ok=True)


def now() -> str:
    """Return the time as the records have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _state(told: dict[str, Any]) -> State:
    releases = {
        name: Installed(
            **{
                **release,
                "pods": tuple(_placed(pod) for pod in release["pods"]),
                "past": tuple(Past(**one) for one in release.get("past", ())),
            }
        )
        for name, release in told.pop("releases").items()
    }
    return State(**told, releases=releases)


def _placed(told: dict[str, Any]) -> Placed:
    return Placed(**{**told, "ports": {int(port): ours for port, ours in told["ports"].items()}})
