"""Git's answers for a command that has to be there at once.

Importing `subprocess` takes longer than git takes to answer, and git can answer while Python still
reads its own modules: so the first questions are begun before those are imported. Whatever does not
go well is asked again by `kernel.git`, which has the words for it.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from .gitwords import ARGUMENTS, GitError, environment

_Question = tuple[str, tuple[str, ...]]
_begun: dict[_Question, tuple[int, int]] = {}


def begin(repo: str, *args: str) -> None:
    """Start git with a question that `git` will be asked; a system that cannot is no error.

    Args:
        repo: a bare repository or a work tree.
        args: as for `kernel.git.git`.
    """
    if running := _start(repo, args, b""):
        _begun[(repo, args)] = running


def _start(repo: str, args: tuple[str, ...], stdin: bytes) -> tuple[int, int] | None:
    """Start git; return its process and the file that its answer goes to, or None."""
    if not hasattr(os, "memfd_create"):
        return None
    # Files in memory: no pipe fills up, so nobody has to read and write in turn.
    told = os.memfd_create("stdin")
    answer = os.memfd_create("stdout")
    quiet = os.open(os.devnull, os.O_WRONLY)
    try:
        os.write(told, stdin)
        os.lseek(told, 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, fd, at) for at, fd in enumerate((told, answer, quiet))]
        words = ["git", *ARGUMENTS, "-C", repo, *args]
        return os.posix_spawnp("git", words, environment(repo=repo), file_actions=actions), answer
    except (OSError, ValueError, GitError):
        os.close(answer)
        return None
    finally:
        os.close(told)
        os.close(quiet)


def git(
    *args: str, repo: str | os.PathLike[str], stdin: bytes = b"", ok: Collection[int] = (0,)
) -> bytes:
    """Run git and return what it printed, as `kernel.git.git` does.

    Raises:
        GitError: an exit code that is no answer, or no git.
    """
    where = os.fspath(repo)
    running = _begun.pop((where, args), None) or _start(where, args, stdin)
    if running:
        process, answer = running
        with open(answer, "rb") as stream:  # noqa: PTH123 - a number, and no pathlib here
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            stream.seek(0)
            if code in ok:
                return stream.read()
    from .git import git as in_full

    return in_full(*args, repo=repo, stdin=stdin, ok=ok)
