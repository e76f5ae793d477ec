"""Every program a stage runs: argument list, own environment, no terminal, time limit, full log."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import journal, lock
from .errors import Failed, SlipwayError
from .gitwords import ELSEWHERE
from .redact import redact, without_secrets

_running: set[int] = set()  # what this process has started, by the leader of its session
_PLAIN: dict[
    str, Any
] = {  # for the library: no terminal, a session of its own, every exit code is an answer
    "_tty_in": False,
    "_tty_out": False,
    "_bg": True,
    "_bg_exc": False,
    "_new_session": True,
    "_ok_code": list(range(256)),
    "_decode_errors": "replace",
}
_TAIL = 12  # lines of a program's words that go into an error


@dataclass(frozen=True, slots=True)
class Done:
    """A program that ended.

    Attributes:
        code: its exit code; a negative one is the signal that ended it.
        out: what it printed to standard output.
        err: what it printed to standard error.
        timed_out: it was stopped since its time was up.
    """

    code: int
    out: str
    err: str
    timed_out: bool = False

    def tail(self) -> list[str]:
        """Return the last lines it said, redacted, for an error message."""
        words = (self.out.rstrip() + "\n" + self.err.rstrip()).strip("\n").splitlines()
        return [redact(line.rstrip()) for line in words if line.strip()][-_TAIL:]


def find(name: str, *, near: Sequence[Path] = ()) -> str:
    """Return the path of a program.

    Args:
        name: its name.
        near: folders to look in before PATH.

    Raises:
        SlipwayError: it is not installed.
    """
    for folder in near:
        if found := shutil.which(name, path=str(folder)):
            return found
    if found := shutil.which(name):
        return found
    if os.sep in name:
        raise SlipwayError(f"{name} is missing, or is no program", fix="chmod +x makes it one")
    raise SlipwayError(f"{name} is not installed", fix=f"install {name}, or put it on PATH")


def environment(extra: Mapping[str, str] | None, needs: Collection[str]) -> dict[str, str]:
    """Return a program's environment: ours without secrets (but those it `needs`), with `extra`."""
    env = without_secrets(needs)
    for name in ("PYTHONHOME", "VIRTUAL_ENV", "SLIPWAY_KILL_AT", *ELSEWHERE):
        env.pop(name, None)
    return env | {"LC_ALL": "C.UTF-8"} | dict(extra or {})


def run(
    command: Sequence[str],
    *,
    cwd: str | Path,
    env: Mapping[str, str] | None = None,
    needs: Collection[str] = (),
    stdin: str = "",
    timeout: float | None = 600,
    ok: Collection[int] | None = (0,),
    what: str = "",
    holds: bool = True,
    private: bool = False,
    alone: bool = False,
) -> Done:
    """Run a program to its end.

    Args:
        command: the program (a name, or a path from `cwd`) and its arguments.
        cwd: folder to run in.
        env: variables to set besides our own environment.
        needs: names of variables with secrets that it may see.
        stdin: text for its standard input.
        timeout: seconds until it and all it started are killed; None for no limit.
        ok: exit codes that are no failure; None for any.
        what: what it is for, in error messages; the program's name when empty.
        holds: whether it keeps the run lock for as long as it goes on when we are killed; not one
            whose work is thrown away then.
        private: what it prints to standard output holds secrets: that stays out of every log.
        alone: for a command line of its own, in no run: without the library, which takes longer to
            import than many a program to end.

    Raises:
        Failed: it ended with another code, or not in time.
        SlipwayError: it could not be started.
    """
    name = what or Path(command[0]).name
    how = {
        "_cwd": str(cwd),
        "_env": environment(env, needs),
        "_in": stdin,
        "_pass_fds": set(lock.inherited() if holds else ()),
    }
    # A path is meant from where the program will run, not from where we are.
    where = str(Path(cwd).absolute() / command[0]) if os.sep in command[0] else command[0]
    try:
        until_end = _alone if alone else _until_end
        done = until_end(find(where), command[1:], how, timeout)
    except _NotStarted as error:
        raise SlipwayError(f"{name} could not be started: {error}") from None
    journal.program(command, done.code, "(not logged)\n" if private else done.out, done.err)
    if done.timed_out:
        said = f"{name} did not end within {timeout:g} s and was stopped"
        raise Failed(said, detail=done.tail())
    if ok is not None and done.code not in ok:
        ended = f"was ended by signal {-done.code}" if done.code < 0 else f"ended with {done.code}"
        raise Failed(f"{name} {ended}", detail=done.tail())
    return done


class _NotStarted(Exception):
    """The library could not start the program; the text says why."""


def _until_end(
    program: str, arguments: Sequence[str], how: Mapping[str, Any], timeout: float | None
) -> Done:
    """Start a program, read all it says, wait for its end, and leave nothing of it behind."""
    import sh

    process: Any = None
    out: list[str] = []
    err: list[str] = []
    code, timed_out = 0, False
    told, tell = os.pipe()

    def announce() -> None:
        """Say, in the new process, who it is: ^C or SIGTERM may come before the library does."""
        os.write(tell, os.getpid().to_bytes(8, "big"))

    def give_up() -> None:
        nonlocal timed_out
        timed_out = True
        _kill(process.pid)

    # The library's own limit looks ten times a second, and so makes each program last that long.
    watch = threading.Timer(threading.TIMEOUT_MAX if timeout is None else timeout, give_up)
    watch.daemon = True
    try:
        process = sh.Command(program)(
            *arguments,
            **how,
            **_PLAIN,
            _out=out.append,
            _err=err.append,
            _preexec_fn=announce,
        )
        _running.add(process.pid)
        watch.start()
        # Its wait(timeout) may lose the last words; without one it joins its readers.
        process.wait()
        code = int(process.exit_code)
    except sh.SignalException as error:
        code = int(error.exit_code)
    except (sh.CommandNotFound, sh.ForkException, OSError) as error:
        reason = redact(str(error)).strip().splitlines()
        raise _NotStarted(reason[-1].strip() if reason else "") from None
    finally:
        # Also on ^C or SIGTERM, and for a server that a test forgot to stop: nothing that we
        # started goes on in the dark.
        watch.cancel()
        os.close(tell)
        leader = process.pid if process is not None else int.from_bytes(os.read(told, 8), "big")
        os.close(told)
        _running.discard(leader)
        if leader:
            _kill(leader)
    return Done(code, "".join(out), "".join(err), timed_out and code < 0)


def _alone(
    program: str, arguments: Sequence[str], how: Mapping[str, Any], timeout: float | None
) -> Done:
    """Do as `_until_end` does, as git is run."""
    import subprocess

    from . import git

    command, stdin = [program, *arguments], how["_in"].encode()
    try:
        done = git.until_end(command, how["_cwd"], how["_env"], stdin, timeout)
    except subprocess.TimeoutExpired as error:
        out, err = ((said or b"").decode(errors="replace") for said in (error.stdout, error.stderr))
        return Done(-signal.SIGKILL, out, err, timed_out=True)
    except OSError as error:
        raise _NotStarted(error.strerror) from None
    return Done(
        done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def end_all() -> None:
    """Kill what runs in other threads of this process: its end does not unwind them."""
    for pid in list(_running):
        _kill(pid)


def _kill(leader: int) -> None:
    """Kill a program and everything it started."""
    try:
        os.killpg(leader, signal.SIGKILL)  # it leads a session of its own
    except (ProcessLookupError, PermissionError):
        return
