"""What a namespace's record says runs, and the ways to make that true: ending what it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tasks.kernel.redact import MASK, redact

from . import asking, processes, services
from .manifests import Wanted, read, shared_in
from .port import Manifest
from .probes import Health, Verdict
from .state import Placed, Space, State

_SHORTEST_SECRET = 6  # a shorter value would blank out innocent words
_UNKNOWN_GRACE = 30.0  # seconds, for pods that are in no record


def by_workload(pods: Sequence[Placed]) -> dict[str, list[Placed]]:
    """Return pods by the name of their workload."""
    found: dict[str, list[Placed]] = {}
    for pod in pods:
        found.setdefault(pod.workload, []).append(pod)
    return found


def wanted_of(space: Space, state: State, release: str) -> Wanted:
    """Return what an installed release asks for."""
    found = state.releases[release]
    return read(found.manifests, space.name, [*state.secrets.values(), *found.shared])


def shared(state: State, release: str) -> list[Manifest]:
    """Return the secrets and settings that other releases brought into the namespace."""
    others = [one.manifests for name, one in state.releases.items() if name != release]
    return [one for manifests in others for one in shared_in(manifests)]


def check(health: Health, pod: Placed, moment: float) -> Verdict:
    """Look at the health of a pod that runs."""
    return health.look(moment, lambda probe: asking.ask(probe, pod.ports[probe.port]))


def end_pods(space: Space, pods: Sequence[Placed]) -> None:
    """End these pods, with the time that their manifests give them."""
    names = {pod.name for pod in pods}
    _end(space, lambda pod: pod in names, max((pod.grace for pod in pods), default=0))


def end_strays(space: Space, state: State) -> None:
    """End every pod that is in no release: replaced ones, and those of killed commands."""
    pods = [pod for release in state.releases.values() for pod in release.pods]
    kept = {pod.name for pod in pods}
    grace = max((pod.grace for pod in pods), default=_UNKNOWN_GRACE)
    _end(space, lambda pod: pod not in kept and not services.is_forwarder(pod), grace)


def route(space: Space, state: State) -> None:
    """Lead every service to the pods of the record, and give back ports that none needs."""
    releases = [
        (wanted_of(space, state, name), by_workload(release.pods))
        for name, release in state.releases.items()
    ]
    keys = [key for wanted, _ in releases for key in wanted.service_keys()]
    # First where they lead, so that no connection goes to what is ended next.
    if all(key in state.listens for key in keys):
        state.routes = services.routes(releases, state.listens)
        space.save(state)
    state.listens = services.settle(space, keys, state.listens)
    state.routes = services.routes(releases, state.listens)
    space.save(state)


def said(space: Space, pod: str, lines: int, hidden: Sequence[str]) -> list[str]:
    """Return the last lines that a pod said, secrets masked.

    Args:
        space: its namespace.
        pod: its name.
        lines: how many.
        hidden: values of the namespace's secrets.
    """
    try:
        with processes.log_of(space.cluster, space.name, pod).open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - 500 * (lines + 1)))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    for value in sorted(hidden, key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, MASK)
    return redact(text).splitlines()[-lines:] if lines > 0 else []


def _end(space: Space, chosen: Callable[[str], bool], grace: float) -> None:
    processes.end(
        lambda: [
            process for process in processes.alive(space.cluster, space.name) if chosen(process.pod)
        ],
        space.cluster,
        grace,
    )
