"""The cluster as a whole: the API server on loopback, its controllers, and a kubeconfig for it."""

from __future__ import annotations

import socket
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Self

import yaml

from tasks.registry import Registry

from . import controllers
from .node import Node
from .store import Store
from .ways import Ways
from .web import Server

CONTEXT = "here"
_TICK = 0.1  # seconds
# port-forward is SPDY inside of a websocket, so it is played; all else is the real kubectl.
_KUBECTL = """\
#!{python} -I
import os, re, signal, sys, time, urllib.error, urllib.request
argv = sys.argv[1:]
if "port-forward" not in argv:
    os.execv({kubectl!r}, [{kubectl!r}, *argv])
form = (
    "--context={context} --namespace=([-a-z0-9]+) port-forward --address=127.0.0.1"
    " service/([-a-z0-9]+) :([0-9]+)"
)
found = re.fullmatch(form, " ".join(argv))
if not found:
    sys.exit("nobody has taught this: " + " ".join(argv))
namespace, service, port = found.groups()
try:
    with urllib.request.urlopen("{ways}/" + "/".join(found.groups())) as answer:
        at = answer.read().decode()
except urllib.error.HTTPError:
    sys.exit('Error from server (NotFound): services "' + service + '" not found')
print("Forwarding from 127.0.0.1:" + at + " -> " + port, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(60)
"""


class FakeKubernetes:
    """A cluster that ends with the test.

    Args:
        folder: for the kubeconfig, logs and images; absolute and without links.
        registry: where images come from.
        kubectl: the real one.
        prefix: what manifests put before the names of its repositories.
        elsewhere: URL of a server that must not be asked, which is the kubeconfig's current one.

    Attributes:
        kubeconfig: its file; the current context is another one, and a namespace that is not there
            is the context's own, so that whoever does not tell both gets nowhere.
        kubectl: the program to use.
    """

    def __init__(
        self, folder: Path, registry: Registry, kubectl: str, elsewhere: str, prefix: str = ""
    ) -> None:
        self.store = Store()
        self._ways = Ways(self.store, self._ports)
        self._node = Node(self.store, folder / "node", registry, prefix, self._ways.of)
        self.server = Server(self.store, self._node.logs, self._ways.forwarded)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.broken: list[str] = []
        self._done = threading.Event()
        (folder / "node").mkdir(parents=True)
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(self.url, elsewhere)))
        self.kubectl = folder / "kubectl"
        self.kubectl.write_text(
            _KUBECTL.format(
                python=sys.executable, kubectl=kubectl, context=CONTEXT, ways=f"{self.url}/ways"
            )
        )
        self.kubectl.chmod(0o755)
        self._threads = [
            threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True),
            threading.Thread(target=self._work, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _ports(self, namespace: str, pod: str, target: str) -> tuple[int, bool] | None:
        return self._node.ports(namespace, pod, target)

    def close(self) -> None:
        """End everything."""
        for one in self.store.all("namespaces"):
            self.store.mark(("namespaces", "", one["metadata"]["name"]))
        self._threads[1].join(0.1)
        self._done.set()
        self._threads[1].join()
        while self.store.all("namespaces"):
            self._step()
        self.store.close()
        self._ways.close()
        self.server.shutdown()
        self.server.server_close()

    def settle(self) -> None:
        """Fail when something was asked that this API server does not know."""
        assert not self.server.unexpected, self.server.unexpected
        assert not self.broken, self.broken[0]

    def _work(self) -> None:
        while not self._done.wait(_TICK):
            try:
                self._step()
            except Exception:
                self.broken.append(traceback.format_exc())

    def _step(self) -> None:
        controllers.step(self.store)
        self._ways.step()
        self._node.step()


class Trap:
    """The kubeconfig's current cluster, which nobody may ask; as a context it is there."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, address = self._listener.accept()
                self.asked.append(str(address))
                client.close()


def _kubeconfig(url: str, elsewhere: str) -> dict[str, object]:
    servers = {CONTEXT: url, "elsewhere": elsewhere}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "elsewhere",
        "clusters": [{"name": n, "cluster": {"server": at}} for n, at in servers.items()],
        "users": [{"name": "me", "user": {}}],
        "contexts": [
            {"name": n, "context": {"cluster": n, "user": "me", "namespace": "nobody-told-one"}}
            for n in servers
        ],
    }
