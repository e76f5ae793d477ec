"""Git remotes: what refs they have, and the one way we change them.

Our copies of their objects (`mirrors`) and the files of a commit (`checkouts`) are offered here,
too: who works with a remote needs all three.
"""

from __future__ import annotations

from pathlib import Path

from . import git as g
from .checkouts import checkout, export, scratch
from .config import Remote
from .errors import SlipwayError
from .mirrors import PATTERNS, ZERO, ancestors, commit_files, files_at, is_ancestor, mirror
from .redact import redact
from .world import World

__all__ = [
    "PATTERNS",
    "ZERO",
    "RefTaken",
    "address",
    "ancestors",
    "checkout",
    "commit_files",
    "export",
    "files_at",
    "is_ancestor",
    "local",
    "ls",
    "mirror",
    "push",
    "refuse_unfit",
    "scratch",
]


def address(world: World, remote: Remote) -> str:
    """Return what git is given to reach a remote: its URL, or a local path as an absolute one."""
    if "://" in remote.url or (":" in remote.url and not Path(remote.url).exists()):
        return remote.url
    return str((world.root / remote.url).absolute())


def local(where: str) -> Path | None:
    """Return the folder of a remote on this machine; None when it is elsewhere, or not there."""
    path = Path(where.removeprefix("file://"))
    return path if path.is_absolute() and path.exists() else None


def refuse_unfit(where: str) -> None:
    """Refuse a local remote that is not what it seems: a dirty work tree, or a shallow clone.

    Raises:
        SlipwayError: with the first changed files, or with how to complete the history.
    """
    folder = local(where)
    if folder is None:
        return
    if g.text("rev-parse", "--is-shallow-repository", repo=folder) == "true":
        raise SlipwayError(
            "the repository is a shallow clone: versions and changelogs would be wrong",
            where=redact(where),
            fix=f"git -C {folder} fetch --unshallow",
        )
    if g.text("rev-parse", "--is-bare-repository", repo=folder) == "true":
        return
    dirty = g.lines("status", "--porcelain", "--untracked-files=normal", repo=folder)
    if dirty:
        raise SlipwayError(
            f"{len(dirty)} uncommitted change{'s' if len(dirty) > 1 else ''} in the source",
            where=redact(where),
            detail=dirty[:8],
            fix=f"commit or stash them: git -C {folder} status",
        )


def ls(where: str) -> dict[str, str]:
    """Return a remote's refs: name → the commit it peels to.

    Raises:
        SlipwayError: it cannot be reached or is no repository.
    """
    try:
        found = g.lines("ls-remote", "--end-of-options", where, *PATTERNS)
    except g.GitError as error:
        raise SlipwayError(
            "the remote cannot be read",
            where=redact(where),
            detail=[error.what, *error.detail],
            fix="is the URL in pipeline.yml right, and does your key or token open it?",
        ) from None
    refs: dict[str, str] = {}
    for line in found:
        commit, _, name = line.partition("\t")
        refs[name.removesuffix("^{}")] = commit  # the peeled line follows its tag
    return refs


class RefTaken(SlipwayError):
    """A ref stands there with another value than the one we may replace."""


def push(world: World, name: str, where: str, ref: str, new: str, old: str) -> None:
    """Set one ref on a remote by compare-and-swap.

    Args:
        world: whose mirror has the objects.
        name: the remote's name.
        where: its address.
        ref: a full ref name (`refs/…`).
        new: the commit to set; "" deletes.
        old: the value it must have now; "" means that it must not exist.

    Raises:
        RefTaken: it has another value now.
        SlipwayError: the push failed for another reason.
    """
    from . import programs

    if not ref.startswith("refs/"):
        raise SlipwayError(f"{ref} is not a full ref name")
    done = programs.run(
        ["git", *g.ARGUMENTS, "-C", str(world.mirror(name)), "push", "--porcelain",
         "--quiet", "--no-verify", f"--force-with-lease={ref}:{old}",
         "--end-of-options", where, f"{new}:{ref}"],
        cwd=world.root, env=g.environment(repo=world.mirror(name)), ok=None, timeout=300,
        what="git push",
    )  # fmt: skip
    if done.code == 0:
        return
    said = done.tail()
    now = ls(where).get(ref, "")
    if now == new:
        return  # the reply was lost, or somebody else made the very same
    if now != old:
        raise RefTaken(
            f"{ref} is {'at ' + now[:12] if now else 'gone'},"
            f" expected {'at ' + old[:12] if old else 'free'}",
            where=redact(where),
            detail=said,
        )
    raise SlipwayError(
        f"{ref} could not be pushed",
        where=redact(where),
        detail=said,
        fix="the server's words say why; when it takes the push, run the same again",
    )
