"""A program of its own: the services of one namespace, each a port that leads to ready pods.

`python -I -S forward.py STATE PORT...` listens on these ports of the loopback interface. Where a
connection goes is looked up in the state file when it comes, so that a switch needs no signal. It
ends on SIGTERM, and when the file has gone: a removed namespace leaves nothing behind. Only the
standard library is imported, and nothing of this project.
"""

import asyncio
import itertools
import json
import signal
import sys
from functools import partial
from pathlib import Path

HOST = "127.0.0.1"
CHUNK = 65536
WATCH = 1.0  # seconds between two looks whether the state file is there

_turn = itertools.count()


def backends(state: Path, port: int) -> list[int]:
    """Return the ports behind `port`, the one whose turn it is first."""
    try:
        found = list(json.loads(state.read_bytes())["routes"].get(str(port), []))
    except (OSError, ValueError, KeyError):
        return []
    turn = next(_turn) % len(found) if found else 0
    return [*found[turn:], *found[:turn]]


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end."""
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def forward(
    state: Path, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve one connection: to the first pod that takes it."""
    ends = [writer]
    try:
        for backend in backends(state, port):
            try:
                there = await asyncio.open_connection(HOST, backend)
            except OSError:
                continue
            ends.append(there[1])
            await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
            break
    except OSError:
        pass  # one side went away
    finally:
        for side in ends:
            side.close()


async def serve(state: Path, ports: list[int]) -> None:
    """Listen until it is time to end."""
    done = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, done.set)
    servers = [
        # The port is shared with the predecessor, which ends when this one is there.
        await asyncio.start_server(partial(forward, state, port), HOST, port, reuse_port=True)
        for port in ports
    ]
    print("ready", flush=True)
    while not done.is_set() and state.exists():
        try:
            await asyncio.wait_for(done.wait(), WATCH)
        except asyncio.TimeoutError:  # noqa: UP041 - another class before Python 3.11
            continue
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
