"""Files of commits onto the disk, and files off the disk; the one module that changes work trees.

No path leaves the folder: not by its spelling, not through a link that lies in the way.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from .config import Config
from .repository import LINK, SUBMODULE, Entry, Repository
from .state import LATEST, State, origin_of, path_of

_IGNORE_FILE = ".gitignore"
_ATTRIBUTES = re.compile(r"(?:^|/)\.gitattributes$")
_TOLD = 10
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}


def refuse_escape(path: str) -> None:
    """Refuse a path that is not simply one of a file below the folder.

    Raises:
        SlipwayError: absolute, with `..` in it, or inside git's own folder.
    """
    parts = path.split("/")
    if "" in parts or "\0" in path or {".", ".."} & set(parts) or ".git" in map(str.lower, parts):
        raise SlipwayError(
            f"refused to touch {path!r}: it does not name a file of the tree",
            fix="who wrote this path into the state file?",
        )


def entries_of(
    repository: Repository, state: State, *, at: str | None = None, null: bool = True
) -> dict[str, Entry]:
    """Return path → file of a state; a file recorded dirty has its committed content.

    Args:
        repository: where.
        state: what is wanted.
        at: commit that gives the files taken directly; each one's own `from_commit` when None.
        null: also files that were recorded without any content.

    Raises:
        SlipwayError: a commit or a file is not there, or a path that names no file of the tree.
    """
    trees: dict[str, Mapping[str, Entry]] = {}
    found = {}
    for key, file in state.files.items():
        if file.file_hash is None and not null:
            continue
        commit = at if at is not None and origin_of(key) == LATEST else file.from_commit
        commit = commit or state.head_commit  # asked for without origins
        path = path_of(key)
        refuse_escape(path)
        if commit not in trees:
            trees[commit] = _tree(repository, commit, path)
        if path not in trees[commit]:
            raise SlipwayError(f"{path} is not in commit {commit}", where=str(repository.path))
        found[path] = trees[commit][path]
    return found


def _tree(repository: Repository, commit: str, path: str) -> Mapping[str, Entry]:
    if not repository.is_commit(commit):
        raise SlipwayError(
            f"commit {commit} of {path} is not in this repository",
            where=str(repository.path),
            fix="a shallow clone or a rewritten history? git fetch --unshallow",
        )
    return repository.tree(commit)


def write(
    repository: Repository, root: Path, files: Mapping[str, Entry], *, own: str | None = None
) -> None:
    """Write files below a folder, over what is there; git's own index stays as it is.

    Line ends are converted as the files' attributes say; no program is run that a filter names.

    Args:
        repository: has the contents.
        root: the folder; need not be the repository's work tree.
        files: path → mode and blob.
        own: a commit, for a work tree of somebody's own: its .gitattributes count as well, and what
            is configured there about line ends.

    Raises:
        SlipwayError: a path that is none, or a disk that does not take it.
    """
    if not files:
        return
    for path in files:
        refuse_escape(path)
    tree = repository.tree(own) if own is not None else {}
    rules = {path: entry for path, entry in tree.items() if _ATTRIBUTES.search(path)}
    told = b"".join(
        f"{entry.mode} {entry.blob}\t{path}\0".encode("utf-8", "surrogateescape")
        for path, entry in (*rules.items(), *files.items())
    )
    listed = "".join(f"{path}\0" for path in files).encode("utf-8", "surrogateescape")
    git_dir = repository.text("rev-parse", "--absolute-git-dir")
    line_ends = repository.line_ends if own is not None else ()
    target = root.resolve()
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        env = {**repository.env, "GIT_INDEX_FILE": f"{folder}/index", "GIT_DIR": git_dir,
               "GIT_WORK_TREE": str(target), **repository.no_filters}  # fmt: skip
        place = Repository(target, env)
        place.git("update-index", "--replace", "-z", "--index-info", stdin=told)
        # Forced, git replaces a link that lies where a folder should be, and does not follow it.
        place.git(*line_ends, "checkout-index", "--force", "--quiet", "-z", "--stdin", stdin=listed)


def export(repository: Repository, state: State, folder: Path, *, at: str | None = None) -> None:
    """Write the files of a state, and nothing else, into a new or empty folder.

    Raises:
        SlipwayError: the folder has something in it, or a commit of the state is missing.
    """
    if folder.is_symlink() or (folder.exists() and any(folder.iterdir())):
        raise SlipwayError("the folder for the files is not empty", where=str(folder))
    files = entries_of(repository, state, at=at, null=False)
    folder.mkdir(parents=True, exist_ok=True)
    write(repository, folder, files)


def foreign(repository: Repository, config: Config, wanted: Callable[[str], bool]) -> list[str]:
    """Return the files on disk that would be removed before others are written.

    Args:
        repository: a work tree.
        config: its own file and its state files stay.
        wanted: which of the paths to remove.
    """
    root = repository.path
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
    found = {}
    for raw in dict.fromkeys(repository.git(*listed).split(b"\0")):
        path = raw.decode("utf-8", "surrogateescape")
        if not path or path == _IGNORE_FILE or config.is_own_file(path):
            continue
        file = root / path
        if wanted(path) and _inside(root, file) and file.is_file():
            found[raw] = path
    ignored = _ignored(repository, found)
    return [path for raw, path in found.items() if raw not in ignored]


def _ignored(repository: Repository, paths: Iterable[bytes]) -> set[bytes]:
    """Return the files that a rule of .gitignore matches; a tracked one can be among them."""
    told = b"".join(path + b"\0" for path in paths)
    if not told:
        return set()
    found = repository.git("check-ignore", "--no-index", "-z", "--stdin", stdin=told, ok=(0, 1))
    return set(found.split(b"\0"))


def _inside(root: Path, file: Path) -> bool:
    """Say whether no folder on the way to a file is a link to somewhere else."""
    return not any(
        parent.is_symlink() for parent in file.parents if parent != root and root in parent.parents
    )


def refuse_loss(repository: Repository, files: Collection[str], gone: Collection[str]) -> None:
    """Refuse to write files over what is in their way and has no copy anywhere.

    Args:
        repository: a work tree.
        files: what is to be written.
        gone: what is to be removed before.

    Raises:
        SlipwayError: a folder stands where a file belongs, or a file where a folder does, and it
            is, or holds, something that git could not bring back.
    """
    ways = sorted({way for path in files if (way := _in_the_way(repository.path, path))})
    if not ways:
        return
    told = repository.on_files("ls-files", "-z", "--others", "--modified", "--", *ways,
                               env=_LITERAL)  # fmt: skip
    listed = dict.fromkeys(told.decode("utf-8", "surrogateescape").split("\0"))
    listed |= dict.fromkeys(_unseen(repository, ways))
    lost = [path for path in listed if path and path not in gone and _is_there(repository, path)]
    if lost:
        raise SlipwayError(
            "files of the environment belong where something else is that git has no copy of",
            where=str(repository.path),
            detail=[*lost[:_TOLD], *(["…"] if len(lost) > _TOLD else [])],
            fix="nothing was changed: move it away, or remove it, and run the same again",
        )


def _unseen(repository: Repository, ways: Iterable[str]) -> Iterator[str]:
    """Yield what git does not call modified: repositories inside, and edits it is told to ignore.

    An edit is one of the raw bytes: where line ends are converted there may be one too many.
    """
    told = repository.git("ls-files", "-z", "--stage", "-v", "--", *ways, env=_LITERAL)
    for record in told.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = record.partition("\t")
        place = repository.path / path
        if not path or not os.path.lexists(place):
            continue
        tag, mode, blob, _ = about.split(" ")
        if mode == SUBMODULE:
            if not place.is_dir() or any(place.iterdir()):
                yield path
        elif tag == "S" or tag.islower():
            link = place.is_symlink()
            if place.is_dir() and not link:
                continue  # what is in it is listed by itself
            raw = os.fsencode(place.readlink()) if link else place.read_bytes()
            if link != (mode == LINK) or raw != repository.blob(blob):
                yield path


def _in_the_way(root: Path, path: str) -> str:
    """Return what is a folder where a file belongs, or a file where a folder does; "" for none."""
    way, parts = "", path.split("/")
    for number, part in enumerate(parts, 1):
        way = f"{way}/{part}" if way else part
        place = root / way
        if place.is_symlink() or not place.exists():
            return ""  # a link is replaced, and what it leads to stays
        if place.is_dir() == (number == len(parts)):
            return way
    return ""


def _is_there(repository: Repository, path: str) -> bool:
    return os.path.lexists(repository.path / path)


def remove(root: Path, paths: Iterable[str]) -> None:
    """Remove files; folders stay, also when they become empty."""
    for path in paths:
        (root / path).unlink(missing_ok=True)
