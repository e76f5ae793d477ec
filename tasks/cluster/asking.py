"""Ask a process on this machine whether it is well: the network side of probes."""

from __future__ import annotations

import socket

from .probes import Probe

HOST = "127.0.0.1"


def ask(probe: Probe, port: int) -> bool:
    """Return whether a probe's one question is answered with yes.

    Args:
        probe: what to ask.
        port: where the container's port is on this machine.
    """
    try:
        if probe.path is None:
            with socket.create_connection((HOST, port), probe.timeout):
                return True
        return 200 <= _status(probe, port) < 400
    except (OSError, ValueError):
        return False


def _status(probe: Probe, port: int) -> int:
    import http.client
    import ssl

    connection: http.client.HTTPConnection
    if probe.scheme == "https":
        # A kubelet does not check certificates either.
        unchecked = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection(
            HOST, port, timeout=probe.timeout, context=unchecked
        )
    else:
        connection = http.client.HTTPConnection(HOST, port, timeout=probe.timeout)
    try:
        connection.request("GET", probe.path or "/", headers=dict(probe.headers))
        return connection.getresponse().status
    except http.client.HTTPException:
        return 0
    finally:
        connection.close()
