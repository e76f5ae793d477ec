"""The work tree after a push: branch, index and files follow to the commit that the remote has.

What somebody has changed or staged here, and the remote has changed as well, stays as it is. That
is no reason to fail: the commits are pushed, and whoever tried again would record once more.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.kernel import git as g

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
        say: gets a warning for each file that stays.
    """
    if old != new:
        try:
            repository.git(*repository.line_ends, "read-tree", "-m", "-u", old, new)
        except g.GitError:
            for line in _file_by_file(repository, old, new):
                say(f"warning: {line}")
    ref = f"refs/heads/{branch}"
    if repository.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)) != ref:
        repository.git("update-ref", ref, new)
        repository.git("symbolic-ref", "HEAD", ref)
    else:
        repository.git("update-ref", "-m", "cepler: push", "HEAD", new, old)


def _file_by_file(repository: Repository, old: str, new: str) -> list[str]:
    """Bring to the new commit whatever nobody here has touched; return what stays, in words."""
    before, after = repository.entries(old), repository.entries(new)
    changed = sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
    untouched = _as_in(repository, before, changed)
    staged = [path for path in changed if path not in untouched]
    try:
        edited = _write(repository, old, changed, after)
    except g.GitError as error:
        return [f"the files are still those before the push: {error.what}"]
    free = {path: after.get(path) for path in changed if path not in staged}
    repository.git("update-index", "--replace", "-z", "--index-info", stdin=_told(free))
    repository.git(*repository.line_ends, "update-index", "-q", "--refresh", ok=(0, 1))
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


def _write(
    repository: Repository, old: str, changed: list[str], after: Mapping[str, Entry]
) -> list[str]:
    """Write the files of the new commit, but for those that somebody here has; return these.

    An index of its own stands for what the files were: the person's may say something else.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        repository.git("read-tree", old, env=env)
        own = repository.line_ends
        repository.git(*own, "update-index", "-q", "--refresh", env=env, ok=(0, 1))
        told = repository.git(*own, "diff-files", "--name-only", "-z", env=env).split(b"\0")
        dirty = {path.decode("utf-8", "surrogateescape") for path in told if path}
        new_here = {path for path in changed if path not in repository.entries(old)}
        kept = [
            path for path in changed
            if path in dirty or (path in new_here and _in_the_way(repository.path, path))
        ]  # fmt: skip
        free = {path: after.get(path) for path in changed if path not in kept}
        made = {"GIT_INDEX_FILE": str(Path(folder, "made"))}
        repository.git("read-tree", old, env=made)
        repository.git("update-index", "--replace", "-z", "--index-info", env=made,
                       stdin=_told(free))  # fmt: skip
        tree = repository.text("write-tree", env=made)
        repository.git(*own, "read-tree", "-m", "-u", old, tree, env=env)
    return kept


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
