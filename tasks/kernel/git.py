"""Git, read and written through argument lists only.

This is the one module that starts programs without `kernel.programs`: every observer asks git,
`subprocess` is loaded by doit anyway, and the library behind `programs` costs a third of an idle
run to import.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from . import journal
from .errors import SlipwayError
from .redact import redact, secret_names, without_secrets

# Nothing a person has configured for themselves may change what the pipeline reads or writes.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",  # a tag that somebody deleted on the remote would come back
    "push.pushOption=",
    "log.date=default",
    "log.showSignature=false",
    "i18n.commitEncoding=utf-8",  # it is part of a commit, so of its id
    "i18n.logOutputEncoding=utf-8",
    "safe.bareRepository=all",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "protocol.ext.allow=never",
    "init.defaultBranch=main",
    "user.useConfigOnly=true",
)
ARGUMENTS = tuple(word for setting in _SETTINGS for word in ("-c", setting))
# What tells git of another repository than the one it is given: a hook's environment, say.
ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DEFAULT_HASH",
    "GIT_EXTERNAL_DIFF",
)


class GitError(SlipwayError):
    """Git said no; `detail` has its words."""

    returncode = 1


def environment(
    extra: Mapping[str, str] | None = None, repo: str | Path | None = None
) -> dict[str, str]:
    """Return git's environment: quiet, in English, never asking, of no other repository.

    Args:
        extra: what to add to it.
        repo: the repository that is meant. If a bare one (`….git`) is damaged, git would go up
            and work on the one that it stands in, which is the user's own.
    """
    # A person's credential helper may well read a variable of git's own.
    own = [name for name in secret_names() if name.startswith("GIT_")]
    env = {key: value for key, value in without_secrets(own).items() if key not in ELSEWHERE}
    env.update(
        GIT_CONFIG_COUNT="0",
        GIT_CONFIG_PARAMETERS="",
        LC_ALL="C.UTF-8",
        LANGUAGE="C",
        GIT_TERMINAL_PROMPT="0",
        GIT_ASKPASS=env.get("GIT_ASKPASS", "true"),
        GIT_PAGER="cat",
        GIT_OPTIONAL_LOCKS="0",
        GIT_EDITOR="true",
    )
    env.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    if repo is not None and Path(repo).suffix == ".git":
        env["GIT_CEILING_DIRECTORIES"] = str(Path(repo).resolve().parent)
    env.update(extra or {})
    return env


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

    repo: str | Path | None
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
        done = _until_end(
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


def _until_end(
    command: list[str],
    cwd: str | Path | None,
    env: Mapping[str, str],
    stdin: bytes,
    timeout: float,
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end; one that is given up takes its helpers (ssh) along."""
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
    name: str, done: subprocess.CompletedProcess[bytes], repo: str | Path | None
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
