"""The work tree after a push: branch, index and files follow to the commit that the remote has.

What somebody has changed or staged here, and the remote has changed as well, stays as it is. That
is no reason to fail: the commits are pushed, and whoever tried again would record once more.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tasks.kernel import git as g

from .commits import folders_of
from .repository import Entry, Repository

_NONE = f"0 {'0' * 40}"


def land(
    repository: Repository, branch: str, old: str, new: str, say: Callable[[str], None]
) -> None:
    """Make a branch the one that is checked out, at its new commit, files and index with it.

    Args:
        repository: a work tree whose HEAD is at `old`.
        branch: its name.
        old: the commit that the files are of.
        new: the commit that they are to be of.
        say: gets a warning for each file that stays, or for what keeps all of them back.
    """
    ref = f"refs/heads/{branch}"
    here = repository.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)) == ref
    try:
        if old != new:
            for line in _bring(repository, old, new):
                say(f"warning: {line}")
        if here:
            repository.git("update-ref", "-m", "cepler: push", "HEAD", new, old)
        else:
            repository.git("update-ref", ref, new)
            repository.git("symbolic-ref", "HEAD", ref)
    except g.GitError as error:
        by_hand = f"git reset --keep {new}" if here else f"git checkout -B {branch} {new}"
        say(
            "warning: it is pushed, but the work tree could not be brought along:"
            f" {error.what}; git update-index -q --refresh; {by_hand} does it"
        )


def _bring(repository: Repository, old: str, new: str) -> list[str]:
    """Bring to the new commit whatever nobody here has touched; return what stays, in words.

    The index goes first: as long as it is locked, nothing is changed.
    """
    before, after = repository.entries(old), repository.entries(new)
    changed = sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
    staged: list[str] = []
    try:
        # Of what is recorded the index has no times yet: git would take it for changed.
        repository.on_files("update-index", "-q", "--refresh", ok=(0, 1))
        repository.on_files("read-tree", "-m", "-u", old, new)
    except g.GitError:
        untouched = _as_in(repository, before, changed)
        staged = [path for path in changed if path not in untouched]
        free = {path: after.get(path) for path in changed if path in untouched}
        repository.on_files("update-index", "--replace", "-z", "--index-info", stdin=_told(free))
    try:
        edited = _write(repository, old, new, changed)
    except g.GitError as error:
        return [f"the files are still those before the push: {error.what}"]
    repository.on_files("update-index", "-q", "--refresh", ok=(0, 1))
    return [
        *(f"{path} is staged here and was changed on the remote: still staged" for path in staged),
        *(f"{path} was changed here and on the remote: yours is kept" for path in edited),
    ]


def _as_in(repository: Repository, entries: Mapping[str, Entry], paths: list[str]) -> set[str]:
    """Return the paths that the index has as a commit has them."""
    index: dict[str, Entry | None] = {}
    for record in repository.git("ls-files", "--stage", "-z").split(b"\0"):
        if record:
            about, _, path = record.partition(b"\t")
            mode, blob, stage = about.decode().split(" ")
            # One in the middle of a merge is like nothing in any commit.
            found = Entry(mode if stage == "0" else "merging", blob)
            index[path.decode("utf-8", "surrogateescape")] = found
    return {path for path in paths if index.get(path) == entries.get(path)}


def _write(repository: Repository, old: str, new: str, changed: list[str]) -> list[str]:
    """Write those files of the new commit that are still the old one's on disk.

    An index of its own stands for what the files were: the person's may say something else. Git
    takes what is staged there as the new commit has it for written, whatever the disk has.

    Returns:
        The files that are neither the one's nor the other's: somebody here has changed them.
    """
    after = repository.entries(new)
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        arrived, env, made = (
            {"GIT_INDEX_FILE": str(Path(folder, name))} for name in ("new", "old", "made")
        )
        missing = _unlike(repository, new, changed, arrived) - _left_out(repository)
        if not missing:
            return []
        edited = _unlike(repository, old, missing, env)
        repository.git("read-tree", old, env=made)
        free = {path: after.get(path) for path in missing if path not in edited}
        repository.git("update-index", "--replace", "-z", "--index-info", env=made,
                       stdin=_told(free))  # fmt: skip
        tree = repository.text("write-tree", env=made)
        repository.on_files("read-tree", "-m", "-u", old, tree, env=env)
    return sorted(edited)


def _left_out(repository: Repository) -> set[str]:
    """Return the paths that a sparse checkout does not have on disk."""
    told = repository.git("ls-files", "-v", "-z").decode("utf-8", "surrogateescape").split("\0")
    return {entry[2:] for entry in told if entry[:1] in {"S", "s"}}


def _unlike(
    repository: Repository, commit: str, paths: Iterable[str], index: Mapping[str, str]
) -> set[str]:
    """Return the paths that are something else on disk than in a commit; its index is made."""
    repository.git("read-tree", commit, env=index)
    repository.on_files("update-index", "-q", "--refresh", env=index, ok=(0, 1))
    told = repository.on_files("diff-files", "--name-only", "-z", env=index).split(b"\0")
    other = {path.decode("utf-8", "surrogateescape") for path in told if path}
    there = repository.entries(commit)
    stands = there.keys() | folders_of(there)
    return {
        path for path in paths
        if path in other or (path not in stands and _in_the_way(repository.path, path))
    }  # fmt: skip


def _in_the_way(root: Path, path: str) -> bool:
    """Say whether something stands where a new file belongs, or where a folder of it does."""
    place = root
    for part in path.split("/"):
        place /= part
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            return True
    return os.path.lexists(place)


def _told(files: Mapping[str, Entry | None]) -> bytes:
    lines = (
        f"{f'{entry.mode} {entry.blob}' if entry else _NONE}\t{path}\0"
        for path, entry in sorted(files.items(), key=lambda item: item[1] is not None)
    )
    return "".join(lines).encode("utf-8", "surrogateescape")
