"""Services on this machine: a port each, kept for life, and the one process that forwards them."""

from __future__ import annotations

import hashlib
import socket
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from . import processes
from .manifests import Service, Wanted, Wish
from .processes import Launch
from .state import Placed, Space

HOST = "127.0.0.1"
_PROGRAM = Path(__file__).with_name("forward.py")
_NAME = ".services"  # no workload can be called so
_PATIENCE = 10.0  # seconds for the forwarder to listen
_GRACE = 2.0  # seconds that open connections get


def is_forwarder(pod: str) -> bool:
    """Say whether a process of that name forwards services."""
    return pod.startswith(_NAME)


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody uses now, all different."""
    with ExitStack() as held:
        found = []
        for _ in range(count):
            one = held.enter_context(socket.socket())
            one.bind((HOST, 0))
            found.append(int(one.getsockname()[1]))
        return found


def settle(space: Space, keys: Iterable[str], before: Mapping[str, int]) -> dict[str, int]:
    """Have one forwarder listen for exactly these services; the namespace's lock is held.

    A running one that does so already is left alone. Otherwise a new one shares its ports with the
    old one until it is ready, so that nobody is turned away.

    Args:
        space: the namespace.
        keys: every `SERVICE:PORT`.
        before: the ports that services had; they keep them unless somebody else took one.

    Returns:
        The port of each.
    """
    wanted = {key: before.get(key, 0) for key in sorted(keys)}
    name = _name(wanted.values())
    if not wanted or not all(wanted.values()) or name not in _forwarders(space):
        with ExitStack() as held:
            wanted = {key: _reserve(held, port) for key, port in wanted.items()}
            name = _name(wanted.values())
            if wanted:
                _start(space, name, list(wanted.values()))
    stop(space, {other for other in _forwarders(space) if other != name})
    return wanted


def stop(space: Space, names: Collection[str] | None = None) -> None:
    """End these forwarders of a namespace, or all of them."""
    processes.end(
        lambda: [
            process
            for process in processes.alive(space.cluster, space.name)
            if is_forwarder(process.pod) and (names is None or process.pod in names)
        ],
        space.cluster,
        _GRACE,
    )


def routes(
    wanted: Iterable[tuple[Wanted, Mapping[str, Iterable[Placed]]]], listens: Mapping[str, int]
) -> dict[str, list[int]]:
    """Return which ports are behind which.

    Args:
        wanted: every release with the pods that serve for each of its workloads.
        listens: the port of each service.
    """
    found: dict[str, list[int]] = {}
    for release, pods in wanted:
        for service in release.services:
            for number, target in service.ports:
                found[str(listens[f"{service.name}:{number}"])] = [
                    pod.ports[inner]
                    for wish in release.workloads
                    if service.selects(wish) and (inner := inner_port(wish, target)) is not None
                    for pod in pods.get(wish.name, ())
                    if inner in pod.ports
                ]
    return found


def inner_port(wish: Wish, target: str) -> int | None:
    """Return the container's port that a service means, None when it has none such."""
    ports = wish.container.ports
    if target in ports:
        return ports[target]
    return int(target) if target.isdecimal() and int(target) in ports.values() else None


def endpoints(
    wish: Wish, services: Iterable[Service], listens: Mapping[str, int]
) -> dict[str, str]:
    """Return where the services of a workload are reached."""
    return {
        key: f"{HOST}:{listens[key]}"
        for service in services
        if service.selects(wish)
        for number, target in service.ports
        if inner_port(wish, target) is not None and (key := f"{service.name}:{number}") in listens
    }


def _forwarders(space: Space) -> set[str]:
    alive = processes.alive(space.cluster, space.name)
    return {process.pod for process in alive if is_forwarder(process.pod)}


def _name(ports: Iterable[int]) -> str:
    told = ",".join(str(port) for port in sorted(ports))
    return f"{_NAME}-{hashlib.sha256(told.encode()).hexdigest()[:12]}" if told else _NAME


def _reserve(held: ExitStack, port: int) -> int:
    """Hold a port until the forwarder has it; another one when somebody else has taken it."""
    one = held.enter_context(socket.socket())
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((HOST, port))
    except OSError:
        one.bind((HOST, 0))
    return int(one.getsockname()[1])


def _start(space: Space, name: str, ports: list[int]) -> None:
    log = processes.log_of(space.cluster, space.name, name)
    log.unlink(missing_ok=True)
    argv = [sys.executable, "-I", "-S", str(_PROGRAM), str(space.file), *map(str, ports)]
    launch = Launch(tuple(argv), {"LANG": "C.UTF-8"}, "/")
    processes.start(space.cluster, space.name, name, launch)
    begin = time.monotonic()
    while "ready" not in (said := log.read_text(errors="replace")):
        if not processes.alive(space.cluster, space.name, {name}):
            raise SlipwayError(
                "the services cannot be reached: their forwarder ended",
                where=space.name,
                detail=said.splitlines()[-5:],
            )
        if time.monotonic() - begin > _PATIENCE:
            raise SlipwayError("the forwarder of the services does not start", where=space.name)
        time.sleep(0.01)
