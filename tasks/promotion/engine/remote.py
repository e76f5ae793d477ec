"""The remote `origin` of a work tree: clone, follow, push by compare-and-swap."""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import redact

from . import commits, landing
from .repository import Repository

ORIGIN = "origin"
ATTEMPTS = 5
_PAUSE = 0.1  # seconds before the second attempt; doubles with each one
_PATIENCE = 1800.0  # seconds for a clone or a fetch


@contextmanager
def key_in_use(private_key: str | None) -> Iterator[dict[str, str]]:
    """Yield the environment in which git's ssh uses a private key.

    Args:
        private_key: its text; None leaves ssh to its own keys and agent. It is on disk, readable
            by its owner alone, only while the body runs.
    """
    if not private_key:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="slipway-key-") as folder:
        file = Path(folder, "key")
        file.touch(mode=0o600)
        file.write_text(private_key.rstrip("\n") + "\n")
        ssh = ["ssh", "-i", str(file), "-oIdentitiesOnly=yes", "-oBatchMode=yes",
               "-oStrictHostKeyChecking=accept-new"]  # fmt: skip
        yield {"GIT_SSH_COMMAND": shlex.join(ssh)}


def refuse_unfit(branch: str) -> None:
    """Refuse what is no branch name.

    Raises:
        SlipwayError: git would take it for something else.
    """
    if g.returncode("check-ref-format", f"refs/heads/{branch}"):
        raise SlipwayError(f"{branch!r} is not a branch name")


def clone(url: str, branch: str, folder: Path, env: Mapping[str, str]) -> None:
    """Clone a branch into a missing or empty folder.

    Raises:
        SlipwayError: no such remote, or no such branch on it.
    """
    refuse_unfit(branch)
    own = Repository(Path.cwd(), {**env, "GIT_DIR": os.devnull})  # of no repository yet
    g.git(*own.line_ends, "clone", "--quiet", "--branch", branch, "--", url, str(folder),
          env={**env, **own.no_filters}, timeout=_PATIENCE)  # fmt: skip


def follow(repository: Repository, branch: str, others: tuple[str, ...] = ()) -> None:
    """Fetch branches and set the one that is checked out, and the files, to the remote's.

    Untracked files stay.

    Args:
        repository: a work tree.
        branch: the branch to set it to.
        others: further branches to fetch.
    """
    commit = fetch(repository, branch)
    for other in others:
        fetch(repository, other)
    repository.on_files("checkout", "--quiet", "--force", "-B", branch, commit, "--")


def enter(
    folder: Path, url: str, branch: str, others: tuple[str, ...], env: Mapping[str, str]
) -> None:
    """Change into a clone; it is made, or set to the remote's branch, first.

    Raises:
        SlipwayError: there is something else in the folder, or the remote cannot be had.
    """
    if folder.is_dir() and any(folder.iterdir()):
        here = Path(os.path.realpath(folder))
        bounded = {**env, "GIT_CEILING_DIRECTORIES": str(here.parent)}
        refuse_unlike_root(here, bounded)
        os.chdir(here)
        follow(Repository(here, bounded), branch, others)
    else:
        clone(url, branch, folder, env)
        os.chdir(folder)


def refuse_unlike_root(folder: Path, env: Mapping[str, str]) -> None:
    """Refuse a folder that is not itself the root of a work tree: git would look further up.

    What git finds there is somebody's own repository, and not the one that is meant.

    Raises:
        SlipwayError: it is none.
    """
    real = os.path.realpath(folder)
    bounded = {**env, "GIT_CEILING_DIRECTORIES": str(Path(real).parent)}
    told = g.text("rev-parse", "--show-toplevel", repo=real, env=bounded, ok=(0, 128))
    if not told or os.path.realpath(told) != real:
        raise SlipwayError(
            "there is something in this folder, and it is not the root of a clone",
            where=str(folder),
            fix="name another folder, or an empty one",
        )


def fetch(repository: Repository, branch: str) -> str:
    """Fetch one branch, by its full name, and return its commit.

    Raises:
        SlipwayError: the remote does not have it, or cannot be reached.
    """
    refuse_unfit(branch)
    tracking = f"refs/remotes/{ORIGIN}/{branch}"
    wanted = f"+refs/heads/{branch}:{tracking}"
    try:
        g.git("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", ORIGIN, wanted,
              repo=repository.path, env=repository.env, timeout=_PATIENCE)  # fmt: skip
    except g.GitError as error:
        if "find remote ref" in error.what:
            raise SlipwayError(
                "Couldn't resolve remote branch", detail=[f"{ORIGIN}/{branch}"]
            ) from None
        raise
    found = repository.commit(tracking)
    if found is None:
        raise SlipwayError("Couldn't resolve remote branch", detail=[f"{ORIGIN}/{branch}"])
    return found


def push(
    repository: Repository, branch: str, say: Callable[[str], None], gate: str | None = None
) -> commits.Replay:
    """Put the local commits on top of the remote's branch and push them, until that is done.

    A race that is lost is run again on what the other one pushed; a push that the server refuses
    and a conflict are errors, and leave the local commits as they are.

    Args:
        repository: a work tree without local changes.
        branch: the remote's branch; afterwards it is the one that is checked out.
        say: gets a warning for what in the work tree could not follow.
        gate: a commit that is named outside of the repository's records: it keeps its id.

    Returns:
        What was pushed; `made` is 0 when the remote had it all.

    Raises:
        SlipwayError: conflict, refusal, no such branch, a gate that would name a commit which
            nobody else has, or every race was lost.
    """
    head = repository.commit("HEAD")
    if head is None:
        raise SlipwayError("the repository has no commit yet", where=str(repository.path))
    pause = _PAUSE
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause)
            pause *= 2
        base = fetch(repository, branch)
        _refuse_other_work(repository, branch, head, base)
        done = commits.replay(repository, head, base)
        if gate is not None and done.again.get(gate, gate) != gate:
            raise SlipwayError(
                "the gate names a local commit, and that would get another id: the remote has"
                " moved on",
                detail=[f"gate {gate}", "nothing was pushed; the local commit stands"],
                fix="push it first, then set the gate; or keep its id: merge the remote's branch"
                " (git merge @{upstream}), look at the result, and run the same again",
            )
        if done.made and not _swap(repository, branch, base, done.head):
            continue
        landing.land(repository, branch, head, done.head, say)
        return done
    raise SlipwayError(
        f"others pushed to {branch} {ATTEMPTS} times while we tried; the local commit stands",
        fix="run the same again, or push it yourself",
    )


def _refuse_other_work(repository: Repository, branch: str, head: str, base: str) -> None:
    """Refuse to take over a local branch that has commits of its own, when it is not checked out.

    Raises:
        SlipwayError: they would be lost.
    """
    local = repository.commit(f"refs/heads/{branch}")
    here = repository.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    if local is None or here == f"refs/heads/{branch}":
        return
    if repository.text("rev-list", "-n", "1", local, "--not", head, base, "--"):
        raise SlipwayError(
            f"the local branch {branch} is not checked out and has commits that nothing else has",
            fix=f"push or delete it first: git log {branch} --not HEAD {ORIGIN}/{branch}",
        )


def _swap(repository: Repository, branch: str, old: str, new: str) -> bool:
    """Move the remote's branch from one commit to another; False when it has moved meanwhile.

    Raises:
        SlipwayError: the remote refuses.
    """
    ref = f"refs/heads/{branch}"
    try:
        g.git("push", "--quiet", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{old}",
              ORIGIN, f"{new}:{ref}", repo=repository.path, env=repository.env,
              timeout=_PATIENCE)  # fmt: skip
        return True
    except g.GitError as error:
        told = repository.text("ls-remote", "--exit-code", ORIGIN, ref, ok=(0, 2))
        now = told.partition("\t")[0]
        if now == new:
            return True  # the answer was lost, not the push
        if now != old:
            return False
        raise SlipwayError(
            "the remote refused the push; the local commit stands",
            where=redact(f"{ORIGIN}, branch {branch}"),
            detail=[error.what, *error.detail],
            fix="is the branch protected, or a hook in the way?",
        ) from None
