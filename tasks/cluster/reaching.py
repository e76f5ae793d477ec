"""A way from this machine to a service of a cluster: kubectl's port-forward, while it is held."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tasks.kernel import programs
from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import redact

_FORWARDING = re.compile(r"Forwarding from (127\.0\.0\.1:[0-9]+) ->")
_PATIENCE = 20.0  # seconds until it says so
_STOP = 5.0  # seconds that it gets to end


@contextmanager
def forwarded(command: Sequence[str], where: str) -> Iterator[str]:
    """Yield `host:port` while a port-forward runs; it is gone afterwards.

    Args:
        command: kubectl's, with port 0 for a free one.
        where: for messages.

    Raises:
        SlipwayError: it does not come about.
    """
    # It talks while it runs, which programs that are waited for do not.
    process = subprocess.Popen(
        [programs.find(command[0]), *command[1:]],
        env=programs.environment(None, ()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    drain = threading.Thread(target=_drained, args=[process], daemon=True)
    watch = threading.Timer(_PATIENCE, process.kill)
    watch.daemon = True
    watch.start()
    try:
        address, said = _address(process)
        watch.cancel()
        if not address:
            raise SlipwayError(
                "kubectl port-forward says no", where=where, detail=[redact(one) for one in said]
            )
        # What it says of every connection is read, else it would wait for a reader.
        drain.start()
        yield address
    finally:
        watch.cancel()
        process.terminate()
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if drain.ident is not None:
            drain.join(_STOP)
        if process.stdout is not None:
            process.stdout.close()


def _drained(process: subprocess.Popen[str]) -> None:
    for _ in process.stdout or ():
        pass


def _address(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """Return where it listens; "" and its words when it has ended."""
    said: list[str] = []
    for line in process.stdout or ():
        if found := _FORWARDING.match(line):
            return found[1], said
        said.append(line.rstrip())
    return "", said[-5:]
