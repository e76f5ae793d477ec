"""One command at a time on a release of a Kubernetes cluster, wherever it was started: a Lease.

Whoever holds it renews it. One that nobody renews any more is that of a killed run: the next one
takes it over, and only then knows that what Helm calls pending is nobody's.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.kernel.errors import SlipwayError

from . import objects
from .kubectl import Client
from .port import label

Object = dict[str, Any]
SECONDS = 30  # how long one is good that nobody renews
_RENEWED = 10.0  # seconds between two renewals
_PATIENCE = 45.0  # seconds to wait for another command; one that was killed is found out by then
_LOOK = 2.0  # seconds between two looks at it
_PAST = 600.0  # seconds by which no two clocks differ
_HERE = ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid")


@dataclass(slots=True)
class Held:
    """A lease that is held.

    Attributes:
        now: as the cluster has it.
        lost: another one has it.
        also: objects, as `KIND/NAME`, to be removed together with it.
    """

    now: Object
    lost: bool = False
    also: list[str] = field(default_factory=list)


@contextmanager
def held(client: Client, namespace: str, release: str, timeout: float) -> Iterator[Held]:
    """Hold the lease of a release while the body runs.

    Args:
        client: of the cluster.
        namespace: that the release is in.
        release: its name.
        timeout: seconds that there are to wait for another command.

    Raises:
        SlipwayError: another one is busy with the release, or there is no such namespace.
        WrongUsage: nothing can have such a name.
    """
    label(namespace, "namespace")
    name = f"slipway-{label(release, 'release')}"
    mine = Held(_taken(client, namespace, name, min(timeout, _PATIENCE)))
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=[client, namespace, mine, done], daemon=True)
    keeper.start()
    try:
        yield mine
    finally:
        done.set()
        keeper.join()
        gone = [*([] if mine.lost else [f"lease/{name}"]), *mine.also]
        if gone:  # it runs out by itself where this fails
            told = ("delete", *gone, "--ignore-not-found", "--output=name")
            with suppress(SlipwayError):
                client.ask(*told, namespace=namespace, ok=None)


def _taken(client: Client, namespace: str, name: str, patience: float) -> Object:
    """Make the lease, or take over one that is nobody's; wait for that as long as told."""
    begin = time.monotonic()
    seen, since = "", begin
    while True:
        if made := _made(client, namespace, name):
            return made
        found = client.json("get", "lease", name, "--ignore-not-found", namespace=namespace)
        moment = time.monotonic()
        if found and found["metadata"]["resourceVersion"] != seen:
            seen, since = found["metadata"]["resourceVersion"], moment
        if (
            found
            and (_is_dead(found) or moment - since >= _good_for(found))
            and (taken := _replaced(client, namespace, _told(name, found)))
        ):
            return taken
        if moment - begin >= patience:
            holder = found.get("spec", {}).get("holderIdentity", "")
            raise SlipwayError(
                f"another command is busy with it: {holder.partition(' ')[0] or 'unknown'}",
                where=f"{objects.at(client, namespace)}/{name.removeprefix('slipway-')}",
                fix="wait for it to end, or stop it, then run the same again",
            )
        time.sleep(min(_LOOK, max(0.0, begin + patience - moment)))


def _made(client: Client, namespace: str, name: str) -> Object | None:
    """Make the lease; None when there is one."""
    told = ("create", "--filename=-", "--output=json")
    body = json.dumps(_told(name, None))
    done = client.ask(*told, namespace=namespace, stdin=body, ok=None)
    if done.code == 0:
        made: Object = json.loads(done.out)
        return made
    if "(AlreadyExists)" in done.err:
        return None
    objects.need(client, namespace)
    client.ask(*told, namespace=namespace, stdin=body)  # refused again, with its words
    return None


def _replaced(client: Client, namespace: str, told: Object) -> Object | None:
    """Write the lease over the one that was read; None when it has changed since then."""
    how = ("replace", "--filename=-", "--output=json")
    done = client.ask(*how, namespace=namespace, stdin=json.dumps(told), ok=None)
    made: Object | None = json.loads(done.out) if done.code == 0 else None
    return made


def _keep(client: Client, namespace: str, mine: Held, done: threading.Event) -> None:
    """Renew the lease until told; one that cannot be reached for a while may be lost."""
    name = mine.now["metadata"]["name"]
    while not done.wait(_RENEWED):
        with suppress(SlipwayError, ValueError):
            renewed = _replaced(client, namespace, _told(name, mine.now))
            if renewed is None:
                asked = client.json("get", "lease", name, "--ignore-not-found", namespace=namespace)
                holder = asked.get("spec", {}).get("holderIdentity")
                mine.lost = holder != mine.now["spec"]["holderIdentity"]
                if mine.lost:
                    return
                renewed = asked
            mine.now = renewed


def _told(name: str, before: Object | None) -> Object:
    """Return the lease as this process wants it, over the one that was read."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    about = {"name": name, "labels": {objects.OURS: objects.MANAGER}}
    if before:
        about["resourceVersion"] = before["metadata"]["resourceVersion"]
    spec = {"holderIdentity": _identity(os.getpid()), "leaseDurationSeconds": SECONDS}
    spec |= {"acquireTime": moment, "renewTime": moment}
    kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    return kind | {"metadata": about, "spec": spec}


def _is_dead(found: Object) -> bool:
    """Say whether a lease is that of a process that is gone, without waiting for it to run out."""
    spec = found.get("spec", {})
    process, _, here = spec.get("holderIdentity", "").partition(" ")
    number = process.rpartition("/")[2]
    if here and here == _machine() and number.isdecimal():
        return not Path("/proc", number).exists()
    try:
        renewed = datetime.fromisoformat(spec.get("renewTime", ""))
    except ValueError:
        return True
    return (datetime.now(UTC) - renewed).total_seconds() > _PAST + _good_for(found)


def _good_for(found: Object) -> float:
    return float(found.get("spec", {}).get("leaseDurationSeconds") or SECONDS)


def _identity(pid: int) -> str:
    """Return a process as others may name it: `HOST/PID`, and where that PID means anything."""
    return f"{os.uname().nodename}/{pid} {_machine()}".strip()


def _machine() -> str:
    """Return what tells this machine and its processes from all others; "" where nothing does."""
    try:
        return f"{Path(_HERE[0]).read_text().strip()}/{Path(_HERE[1]).readlink()}"
    except OSError:
        return ""
