"""Makes `.venv` from requirements.txt, then becomes the program that `doitw` was asked for.

`doitw` starts this file as a script, with whatever Python it has found, and only when `.venv` is
missing or was made from another requirements.txt: so it imports the standard library alone, and
nothing of Slipway. The environment is made in a folder beside `.venv` and renamed once it is whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

HEARTBEAT = 2.5  # seconds; never silent for three
VENV, NEW, OLD, LOCK = ".venv", ".venv.new.", ".venv.old.", ".venv.lock"
STAMP = "requirements.txt"
LOG = Path("build", "logs", "setup.log")

# pip settings that say where packages come from are the user's; any other could change what is
# installed, or where to (PIP_TARGET, PIP_USER, PIP_NO_DEPS, PIP_PYTHON …), and is dropped.
_SOURCES = re.compile(
    r"PIP_(CACHE_DIR|CERT|CLIENT_CERT|CONFIG_FILE|DEFAULT_TIMEOUT|EXTRA_INDEX_URL|FIND_LINKS"
    r"|INDEX_URL|KEYRING_PROVIDER|NO_CACHE_DIR|NO_INDEX|PROXY|RETRIES|TIMEOUT|TRUSTED_HOST)"
)

# What a failed program's words mean to a person.
_ADVICE = (
    (r"No space left|Disk quota", "free some space on this disk, then run the same again"),
    (
        r"DO NOT MATCH THE HASHES",
        "the package index serves something else than requirements.txt pins: tell its owner, or"
        " name another index (PIP_INDEX_URL)",
    ),
    (
        r"(?i)name resolution|Max retries|connection (?:broken|refused|reset|error)|timed out"
        r"|Network is unreachable|NewConnectionError|SSLError|ProxyError",
        "the package index was not reachable: look at the network, or name a mirror"
        " (PIP_INDEX_URL) or a proxy (HTTPS_PROXY); then run the same again",
    ),
    (
        r"Could not find a version|No matching distribution",
        "the package index lacks a pinned package, or has none for this Python and machine: name"
        " another index (PIP_INDEX_URL) or another Python (SLIPWAY_PYTHON)",
    ),
)


class SetupError(Exception):
    """The environment could not be made; nothing of it is left. Its text is for people."""


class Progress:
    """What is being done, on stderr: one moving line on a terminal, plain lines elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.began = self.last = time.monotonic()
        self.moving = False

    @property
    def seconds(self) -> int:
        """Whole seconds since the start."""
        return round(time.monotonic() - self.began)

    def line(self, text: str) -> None:
        """Show a line that stays."""
        self._write(f"{self._clear()}slipway  {text}\n")
        self.moving = False

    def error(self, text: str) -> None:
        """Show the last words."""
        self._write(f"{self._clear()}slipway: {text}\n")

    def tick(self, text: str) -> None:
        """Show where things stand, when it is time to."""
        terminal = self.stream.isatty()
        if time.monotonic() - self.last < (0.2 if terminal else HEARTBEAT):
            return
        text = f"slipway  {text} ({self.seconds} s)"
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            self._write(self._clear() + text[:width])
            self.moving = True
        else:
            self._write(text + "\n")

    def _clear(self) -> str:
        return "\r\033[K" if self.moving else ""

    def _write(self, text: str) -> None:
        self.last = time.monotonic()
        with contextlib.suppress(OSError):  # stderr may be a pipe that nobody reads any more
            self.stream.write(text)
            self.stream.flush()


def packages(requirements: str) -> list[str]:
    """Return the names that a compiled requirements.txt pins, without those for Windows alone."""
    found = re.finditer(r"^([A-Za-z0-9][\w.-]*)(?:\[.*?\])?\s*==(.*)$", requirements, re.MULTILINE)
    return [match[1] for match in found if "sys_platform == 'win32'" not in match[2]]


def pip_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return `env` for pip: its sources as the user set them, everything else as pip's defaults."""
    kept = {k: v for k, v in env.items() if not k.startswith("PIP_") or _SOURCES.fullmatch(k)}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0"}


def advice(words: str) -> str:
    """Return what to do about a setup that failed with these words."""
    known = (text for pattern, text in _ADVICE if re.search(pattern, words))
    return next(known, "put that right, then run the same again")


def is_current(root: Path) -> bool:
    """Tell whether `.venv` runs and was made from the requirements.txt that is there now."""
    try:
        stamp, wanted = (root / VENV / STAMP).read_bytes(), (root / STAMP).read_bytes()
    except OSError:
        return False
    return stamp == wanted and os.access(root / VENV / "bin" / "python", os.X_OK)


@contextlib.contextmanager
def only_one(root: Path, progress: Progress) -> Iterator[None]:
    """Hold the right to make `.venv`; wait, audibly, while another process has it.

    The kernel's file lock ends with its process however that died, and is not handed to children.
    """
    handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        waits = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "?"
                text = f"waiting: process {holder} is setting up {VENV}"
                if waits:
                    progress.tick(text)
                else:
                    progress.line(text + " …")
                    waits = True
                time.sleep(0.1)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


class Tool:
    """Runs the programs that make the environment: all words to the log, their number to people."""

    def __init__(self, log: TextIO, progress: Progress, total: int) -> None:
        self.log = log
        self.progress = progress
        self.total = total
        self.tail: deque[str] = deque(maxlen=200)
        self.got = 0

    def run(self, command: Sequence[str | Path], env: Mapping[str, str], doing: str) -> None:
        """Run one program to its end.

        Raises:
            SetupError: it failed; the message holds its last words.
        """
        self.tail.clear()
        with subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # so that its children can be ended with it
        ) as child:
            try:
                self._listen(child, doing)
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                raise
        if child.returncode:
            raise SetupError(self._failure(doing, child.returncode))

    def _listen(self, child: subprocess.Popen[bytes], doing: str) -> None:
        assert child.stdout is not None  # noqa: S101 - for the type checker: stdout is a pipe
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(timeout=0.2):
                    chunk = os.read(child.stdout.fileno(), 65536)
                    if not chunk:
                        break
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        self._hear(line.decode(errors="replace").rstrip())
                now = f"{self.got} of {self.total} packages" if self.got else doing
                self.progress.tick(f"setting up {VENV}: {now}")
        if rest:
            self._hear(rest.decode(errors="replace"))

    def _hear(self, line: str) -> None:
        self.log.write(line + "\n")
        self.log.flush()
        self.tail.append(line)
        if line.startswith("Collecting "):
            self.got = min(self.got + 1, self.total)

    def _failure(self, doing: str, code: int) -> str:
        words = [line for line in self.tail if line.strip()]
        end = f"ended with {code}" if code > 0 else f"was killed by signal {-code}"
        quoted = "".join(f"    {line}\n" for line in words[-8:])
        fix = advice("\n".join(words))
        return f"{VENV} could not be made: {doing} {end}\n{quoted}  {fix}\n  full log: {LOG}"


def refuse_a_stranger(root: Path) -> None:
    """Refuse to replace a `.venv` that is no virtual environment: somebody's own files."""
    venv = root / VENV
    if venv.is_dir() and not (venv / "pyvenv.cfg").exists() and any(venv.iterdir()):
        raise SetupError(
            f"{venv} is there and is no virtual environment\n"
            "  move it away, then run the same again"
        )


def discard(path: Path) -> None:
    """Remove a former environment, or what is left of one."""
    if path.is_symlink():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def move_in(root: Path, new: Path) -> None:
    """Put the finished environment in place of the former one."""
    # Scripts and pyvenv.cfg hold the path the environment was made at. Its last part is a word that
    # stands nowhere else, so that no rule of quoting matters.
    for path in (new / "pyvenv.cfg", *(new / "bin").iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if new.name.encode() in content:
            path.write_bytes(content.replace(new.name.encode(), VENV.encode()))
    former = root / f"{OLD}{secrets.token_hex(4)}"
    with contextlib.suppress(FileNotFoundError):
        (root / VENV).rename(former)
    try:
        new.rename(root / VENV)
    except OSError:
        with contextlib.suppress(OSError):
            former.rename(root / VENV)
        raise
    discard(former)


def build(root: Path, progress: Progress) -> None:
    """Make `.venv` anew; what is there now stays until the new one is whole.

    Raises:
        SetupError: a program failed.
        OSError: the disk did.
    """
    refuse_a_stranger(root)
    for left in (*root.glob(f"{NEW}*"), *root.glob(f"{OLD}*")):  # by a setup that was killed
        discard(left)
    requirements = (root / STAMP).read_bytes()
    total = len(packages(requirements.decode()))
    progress.line(f"setting up {VENV} ({total} packages) …")
    # Not sys.executable: after an upgrade of the system, /usr/bin/python3 is another Python, which
    # runs and finds no packages; /usr/bin/python3.11 is then gone, and `doitw` sees that.
    python = os.path.realpath(sys.executable)
    new = root / f"{NEW}{secrets.token_hex(4)}"
    (root / LOG).parent.mkdir(parents=True, exist_ok=True)
    try:
        with (root / LOG).open("w", encoding="utf-8") as log:
            tool = Tool(log, progress, total)
            tool.run((python, "-I", "-m", "venv", new), os.environ, "python -m venv")
            # pip reads the copy that becomes the stamp, so that an edit meanwhile is noticed.
            (new / STAMP).write_bytes(requirements)
            pip = (new / "bin" / "python", "-I", "-m", "pip", "install", "--progress-bar=off")
            command = (*pip, "--require-hashes", "-r", new / STAMP)
            tool.run(command, pip_environment(os.environ), "pip install")
        move_in(root, new)
    finally:
        discard(new)
    progress.line(f"{VENV} is ready ({progress.seconds} s)")


def explain(root: Path, error: OSError) -> str:
    """Return a disk's refusal as a message for people."""
    where = error.filename or root
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        fix = f"{root} must be writable for you: {VENV} and build/ are made in it"
    else:
        fix = advice(str(error.strerror))
    return f"{VENV} could not be made: {error.strerror}: {where}\n  {fix}"


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(root: Path, command: Sequence[str]) -> int:
    """Make `.venv` when that is needed, then become its Python running `command`.

    Returns:
        An exit code, only when that could not be done.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)
    progress = Progress(sys.stderr)
    try:
        with only_one(root, progress):
            if not is_current(root):  # another process may have made it while this one waited
                build(root, progress)
        python = str(root / VENV / "bin" / "python")
        os.execv(python, [python, *command])  # noqa: S606 - an argument list is what is wanted
    except SetupError as error:
        progress.error(str(error))
    except OSError as error:
        progress.error(explain(root, error))
    except (KeyboardInterrupt, SystemExit) as stop:
        progress.error("stopped, and nothing half done is left")
        return 130 if isinstance(stop, KeyboardInterrupt) else int(str(stop))
    return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
