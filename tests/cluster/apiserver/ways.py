"""Services: each port of one is a port of this machine that leads to a pod that is ready."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from .store import Object, Store

# Namespace, pod, target port → port here, and whether the pod is ready.
Lookup = Callable[[str, str, str], tuple[int, bool] | None]


class Ways:
    """The services of the whole cluster.

    Args:
        store: of the API server.
        find: where a pod's port is.
    """

    def __init__(self, store: Store, find: Lookup) -> None:
        self._store = store
        self._find = find
        self._open: dict[tuple[str, str], socket.socket] = {}

    def step(self) -> None:
        """Listen for every service that there is, and for no other."""
        wanted = {
            (one["metadata"]["namespace"], f"{one['metadata']['name']}:{port['port']}")
            for one in self._store.all("services")
            for port in one["spec"].get("ports", ())
        }
        for key in wanted - set(self._open):
            self._listen(key)
        for key in set(self._open) - wanted:
            self._open.pop(key).close()

    def close(self) -> None:
        """Stop listening."""
        while self._open:
            self._open.popitem()[1].close()

    def of(self, namespace: str) -> dict[str, int]:
        """Return the services of a namespace: `SERVICE:PORT` to the port of this machine."""
        self.step()
        return {
            name: one.getsockname()[1]
            for (place, name), one in list(self._open.items())
            if place == namespace
        }

    def _listen(self, key: tuple[str, str]) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self._open[key] = listener
        threading.Thread(target=self._serve, args=[key, listener], daemon=True).start()

    def _serve(self, key: tuple[str, str], listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._lead, args=[key, client], daemon=True).start()

    def _lead(self, key: tuple[str, str], client: socket.socket) -> None:
        with client, suppress(OSError):
            for port in [at for at, ready in self._behind(*key) if ready]:
                with suppress(ConnectionRefusedError), _to(port) as there:
                    back = threading.Thread(target=_copy, args=[there, client], daemon=True)
                    back.start()
                    _copy(client, there)
                    back.join()
                    return

    def forwarded(self, namespace: str, service: str, port: str) -> int | None:
        """Return where a port-forward leads: to one pod that runs, best a ready one."""
        found = sorted(self._behind(namespace, f"{service}:{port}"), key=lambda one: not one[1])
        return found[0][0] if found else None

    def _behind(self, namespace: str, name: str) -> list[tuple[int, bool]]:
        service, _, number = name.partition(":")
        found = []
        for one in self._store.all("services", namespace):
            for port in one["spec"].get("ports", ()):
                if (one["metadata"]["name"], str(port["port"])) == (service, number):
                    target = str(port.get("targetPort", port["port"]))
                    for pod in self._selected(namespace, one):
                        at = self._find(namespace, pod["metadata"]["name"], target)
                        found += [at] if at is not None else []
        return found

    def _selected(self, namespace: str, service: Object) -> list[Object]:
        wanted = service["spec"].get("selector") or {}
        return [
            pod
            for pod in self._store.all("pods", namespace)
            if wanted
            and wanted.items() <= pod["metadata"]["labels"].items()
            and "deletionTimestamp" not in pod["metadata"]
        ]


def _to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
