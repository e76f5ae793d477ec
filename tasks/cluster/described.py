"""What runs in the local cluster, as the port tells it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from . import processes, services
from .manifests import Wish
from .port import Pod, Workload
from .probes import Health, Kind, Probe
from .recorded import check
from .state import Placed


def workload(
    release: str, wish: Wish, digest: str, endpoints: Mapping[str, str], pods: Sequence[Pod]
) -> Workload:
    """Describe a workload.

    Args:
        release: that it belongs to.
        wish: what is wanted.
        digest: of its image.
        endpoints: `SERVICE:PORT` to where this machine reaches it.
        pods: as `pod` describes them.
    """
    return Workload(
        wish.name,
        release,
        wish.container.image,
        digest,
        wish.replicas,
        sum(pod.ready for pod in pods) >= wish.replicas,
        endpoints,
        sum(pod.restarts for pod in pods),
        max((pod.since for pod in pods), default=""),
        tuple(pods),
    )


def pod(wish: Wish, placed: Placed, process: processes.Process | None) -> Pod:
    """Describe a pod, asking its readiness probe once.

    Args:
        wish: its workload.
        placed: as it was started.
        process: that it is; None when it is dead.
    """
    ready = False
    if process is not None:
        only: dict[Kind, Probe] = {
            kind: one for kind, one in wish.container.probes.items() if kind == "readiness"
        }
        moment = time.monotonic()
        # Its delays count from its start, which is long ago.
        long_ago = moment - max((one.delay for one in only.values()), default=0)
        ready = check(Health(only, long_ago), placed, moment) == "ready"
    ports = {inner: f"{services.HOST}:{ours}" for inner, ours in placed.ports.items()}
    return Pod(placed.name, ready, ports, placed.restarts, process.since if process else "")
