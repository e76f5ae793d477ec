"""The processes of the local cluster: started detached, found by their marks, ended for certain.

No process id is ever written down. Every process carries in its environment which pod of which
cluster it belongs to, and its children inherit that; from the first moment on it writes to its
pod's log, which tells the same of one that has hidden its environment. So /proc is the record: it
is right after any crash, and no id in it can have been recycled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tasks.kernel.errors import SlipwayError

MARK = "SLIPWAY_POD"  # NAMESPACE/POD@FOLDER
_PROC = Path("/proc")
_POLL = 0.01  # seconds
_STUBBORN = 10.0  # seconds that SIGKILL may take; longer means the kernel holds the process

_children: set[int] = set()


@dataclass(frozen=True, slots=True)
class Process:
    """A live process of a pod.

    Attributes:
        began: clock ticks since boot; with `pid` it is unique.
        leader: it leads a session, as every process does that the cluster itself started.
    """

    pid: int
    began: int
    namespace: str
    pod: str
    leader: bool

    @property
    def since(self) -> str:
        """When it was started, as `2026-01-31T12:00:00Z`."""
        moment = _boot() + self.began / os.sysconf("SC_CLK_TCK")
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: the program's path with its arguments, its whole environment, its folder."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str


def log_of(folder: Path, namespace: str, pod: str) -> Path:
    """Return the file that a pod writes to."""
    return folder / namespace / "logs" / f"{pod}.log"


def start(folder: Path, namespace: str, pod: str, launch: Launch) -> int:
    """Start a process in a session of its own, with no descriptor of ours; return its id.

    The caller holds the namespace's lock. Until the new process has its log open it holds that
    lock as well, so that whoever gets the lock next finds it, however we died.

    Args:
        folder: the cluster's, absolute and without links.
        namespace: of the pod.
        pod: its name.
        launch: what to start.

    Raises:
        SlipwayError: it cannot be started.
    """
    log = log_of(folder, namespace, pod)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    env = {**launch.env, MARK: f"{namespace}/{pod}@{folder}"}
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                launch.argv,
                env=env,
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                close_fds=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SlipwayError(
                f"{launch.argv[0]} cannot be started: {reason}", where=f"{namespace}/{pod}"
            ) from None
    process.returncode = 0  # it is the cluster's from now on, this object must not wait for it
    _children.add(process.pid)
    return process.pid


def alive(
    folder: Path, namespace: str | None = None, pods: Collection[str] | None = None
) -> list[Process]:
    """Return the live processes of a cluster.

    Args:
        folder: the cluster's, absolute and without links.
        namespace: only of this one.
        pods: only of these.
    """
    _reap()
    if not _PROC.joinpath("self", "environ").exists():
        raise SlipwayError("the local cluster needs Linux, with /proc", fix="use a real cluster")
    return [
        process
        for process in _marked(folder)
        if namespace in (None, process.namespace) and (pods is None or process.pod in pods)
    ]


def end(find: Callable[[], Sequence[Process]], folder: Path, grace: float) -> None:
    """End processes, and wait until there is none: SIGTERM, then SIGKILL.

    Args:
        find: looks for them; asked until it finds none.
        folder: the cluster's.
        grace: seconds that they have to stop by themselves. What outlives the processes that the
            cluster started is killed at once, as with a container.

    Raises:
        SlipwayError: the kernel does not let one go.
    """
    begin = time.monotonic()
    first: dict[tuple[str, str], Process] = {}
    told: set[Process] = set()
    quiet = 0
    while quiet < 2:  # what forks while we look may be seen at the second look only
        found = find()
        quiet = 0 if found else quiet + 1
        waited = time.monotonic() - begin
        if waited > grace + _STUBBORN:
            pids = ", ".join(str(process.pid) for process in found)
            raise SlipwayError(f"process {pids} cannot be killed", where=str(folder))
        for pod, started in mains(found).items():
            first.setdefault(pod, started)
        still = set(found)
        for process in found:
            main = first.get((process.namespace, process.pod))
            if waited >= grace or main not in still:
                _send(process, folder, signal.SIGKILL)
            elif process == main and process not in told:
                told.add(process)
                _send(process, folder, signal.SIGTERM)
        if found:
            time.sleep(_POLL)


def mains(found: Iterable[Process]) -> dict[tuple[str, str], Process]:
    """Return the process that was started first in each pod, by namespace and pod."""
    leaders = [process for process in found if process.leader]
    last_first = sorted(leaders, key=lambda one: (one.began, one.pid), reverse=True)
    return {(process.namespace, process.pod): process for process in last_first}


def _send(process: Process, folder: Path, sign: signal.Signals) -> None:
    """Signal a process if it is still the same; the descriptor keeps its id from being recycled."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        if _look(process.pid, folder) == process:
            signal.pidfd_send_signal(handle, sign)
    except (ProcessLookupError, PermissionError):
        pass
    finally:
        os.close(handle)


def _marked(folder: Path) -> Iterator[Process]:
    for name in os.listdir(_PROC):  # noqa: PTH208 - a look costs half as much
        if name.isdigit() and int(name) != os.getpid():
            found = _look(int(name), folder)
            if found is not None:
                yield found


def _look(pid: int, folder: Path) -> Process | None:
    """Return a process when it is alive and belongs to the cluster in `folder`."""
    try:
        owner = _by_mark(pid, folder) or _by_output(pid, folder)
        if owner is None:
            return None
        # The name in brackets may hold anything, blanks and brackets too.
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - hot
            fields = file.read().rpartition(b")")[2].split()
    except (OSError, ValueError):
        return None  # it ended meanwhile, or is another user's
    if fields[0] in (b"Z", b"X"):
        return None
    return Process(pid, int(fields[19]), *owner, leader=int(fields[3]) == pid)


def _by_mark(pid: int, folder: Path) -> tuple[str, str] | None:
    with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - hot
        content = b"\0" + file.read()
    _, found, rest = content.partition(f"\0{MARK}=".encode())
    pod, _, place = rest.partition(b"\0")[0].decode(errors="surrogateescape").partition("@")
    if not found or place != str(folder):
        return None
    namespace, _, name = pod.partition("/")
    return namespace, name


def _by_output(pid: int, folder: Path) -> tuple[str, str] | None:
    place = os.readlink(f"/proc/{pid}/fd/1").removesuffix(" (deleted)")  # noqa: PTH115 - hot
    if not place.startswith(f"{folder}/"):
        return None
    if os.readlink(f"/proc/{pid}/fd/2").removesuffix(" (deleted)") != place:  # noqa: PTH115
        return None
    match Path(place).relative_to(folder).parts:
        case (namespace, "logs", name) if name.endswith(".log"):
            return namespace, name.removesuffix(".log")
    return None


def _reap() -> None:
    """Take the exit codes of those we started ourselves, or they stay in /proc as zombies."""
    for pid in list(_children):
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                _children.discard(pid)
        except ChildProcessError:
            _children.discard(pid)


@cache
def _boot() -> int:
    lines = _PROC.joinpath("stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("btime "))
