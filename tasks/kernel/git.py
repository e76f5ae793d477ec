"""Git, read and written through argument lists only.

With `quick` this is the one module that starts programs without `kernel.programs`: every observer
asks git, `subprocess` is loaded by doit anyway, and the library behind `programs` costs a third of
an idle run to import.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from . import journal
from .gitwords import ARGUMENTS, GitError, environment
from .redact import redact

__all__ = [
    "ARGUMENTS",
    "GitError",
    "How",
    "environment",
    "git",
    "identity",
    "lines",
    "returncode",
    "text",
    "until_end",
]


def identity(name: str, email: str, date: str) -> dict[str, str]:
    """Return the environment of a commit whose id depends on nothing but its content.

    Args:
        name: author's and committer's name.
        email: their address.
        date: "SECONDS +ZONE" as git stores it.
    """
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
        "GIT_COMMITTER_DATE": date,
    }


class How(TypedDict, total=False):
    """The keywords that every function here takes.

    Attributes:
        repo: a bare repository or a work tree.
        cwd: folder to run in, when it is not `repo`.
        stdin: bytes for its standard input; none means empty.
        env: what to add to its environment.
        timeout: seconds; 120 when not said.
        ok: exit codes that are answers and not errors; 0 alone when not said.
    """

    repo: str | os.PathLike[str] | None
    cwd: str | Path | None
    stdin: bytes | None
    env: Mapping[str, str] | None
    timeout: float
    ok: Collection[int]


def _run(args: tuple[str, ...], how: How) -> subprocess.CompletedProcess[bytes]:
    repo, cwd, timeout = how.get("repo"), how.get("cwd"), how.get("timeout", 120)
    place = ("-C", str(repo)) if repo is not None else ()
    command = ["git", *ARGUMENTS, *place, *args]
    try:
        done = until_end(
            command, cwd, environment(how.get("env"), repo), how.get("stdin") or b"", timeout
        )
    except FileNotFoundError as error:
        if error.filename == "git":
            raise GitError(
                "git is not installed", fix="apt install git (or your system's way)"
            ) from None
        raise GitError(f"{error.filename} does not exist", where=f"git {args[0]}") from None
    except NotADirectoryError as error:
        raise GitError(f"{error.filename} is not a folder", where=f"git {args[0]}") from None
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git {args[0]} did not answer within {timeout:g} s",
            where=redact(str(repo or cwd or "")),
            fix="is the remote reachable? then run the same again",
        ) from None
    journal.program(["git", *place, *args], done.returncode, done.stdout[:4000], done.stderr)
    return done


def until_end(
    command: list[str],
    cwd: str | Path | None,
    env: Mapping[str, str],
    stdin: bytes,
    timeout: float | None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git, say, to its end; one that is given up takes its helpers (ssh) along."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout)
        except BaseException:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has just ended by itself
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def git(*args: str, **how: Unpack[How]) -> bytes:
    """Run git and return what it printed.

    Args:
        args: the command and its arguments; a ref or a path from outside must stand behind
            `--end-of-options`, behind `--`, or be spelled `refs/…`.
        how: see `How`.

    Raises:
        GitError: an exit code that is no answer, no git, or no answer in time.
    """
    done = _run(args, how)
    if done.returncode not in how.get("ok", (0,)):
        raise _refusal(args[0], done, how.get("repo"))
    return done.stdout


def _refusal(
    name: str, done: subprocess.CompletedProcess[bytes], repo: str | os.PathLike[str] | None
) -> GitError:
    words = [redact(line) for line in done.stderr.decode(errors="replace").splitlines()]
    error = GitError(
        (words[0] if words else f"git {name} ended with {done.returncode}").strip(),
        where=f"git {name}" + (f" in {os.path.relpath(repo)}" if repo is not None else ""),
        detail=[line for line in words[1:] if line.strip()][-8:],
    )
    error.returncode = done.returncode
    return error


def text(*args: str, **how: Unpack[How]) -> str:
    """Return what git printed as text, without the newline at its end."""
    return git(*args, **how).decode("utf-8", "surrogateescape").removesuffix("\n")


def lines(*args: str, **how: Unpack[How]) -> list[str]:
    """Return what git printed, a line each."""
    out = text(*args, **how)
    return out.split("\n") if out else []


def returncode(*args: str, **how: Unpack[How]) -> int:
    """Return git's exit code, whatever it is."""
    return _run(args, how).returncode
