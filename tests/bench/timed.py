"""Programs timed in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Command:
    """A program and the folder that it runs in."""

    words: list[str]
    folder: Path


@dataclass(frozen=True)
class Times:
    """What the runs of one program took, in seconds: by the clock, and of the processors."""

    clock: list[float]
    processor: list[float]

    @property
    def best(self) -> float:
        """The quickest run: others had the machine least then."""
        return min(self.clock)

    @property
    def least(self) -> float:
        """The least that the processors had to do, all children included."""
        return min(self.processor)

    def __str__(self) -> str:
        return (
            f"{self.best * 1000:.0f} / {statistics.median(self.clock) * 1000:.0f} ms"
            f" (min / median), {self.least * 1000:.0f} ms of processors"
        )


def _once(command: Command) -> tuple[float, float]:
    # Our own modules are compiled once, as for anybody who uses them.
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command.words, cwd=command.folder, env=env, capture_output=True, check=False, timeout=120
    )
    clock, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turn(commands: Mapping[str, Command], runs: int) -> dict[str, Times]:
    """Run each command once to warm up, then all of them in turn, several times."""
    for command in commands.values():
        _once(command)
    told = [{name: _once(command) for name, command in commands.items()} for _ in range(runs)]
    return {
        name: Times([one[name][0] for one in told], [one[name][1] for one in told])
        for name in commands
    }


def imported(folder: Path, stream: bytes) -> None:
    """Make a repository out of a stream for `git fast-import`."""
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=stream, check=True)
    subprocess.run(["git", "-C", str(folder), "reset", "--quiet", "--hard", "main"], check=True)


class Stream:
    """Commits for `git fast-import`, a minute apart."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.clock = 1767225600

    def commit(self, message: str, files: Mapping[str, str]) -> None:
        self.clock += 60
        head = f"commit refs/heads/main\ncommitter Ada <ada@example.org> {self.clock} +0000\n"
        self.parts.append(head.encode() + _data(message))
        self.parts += (f"M 644 inline {p}\n".encode() + _data(text) for p, text in files.items())

    def bytes(self) -> bytes:
        return b"".join(self.parts)


def _data(text: str) -> bytes:
    return b"data %d\n%s\n" % (len(text.encode()), text.encode())
