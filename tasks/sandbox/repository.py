"""The edge to git: bare repositories made whole, branches moved by compare and swap."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tasks.kernel import git as programs
from tasks.kernel.errors import SlipwayError

from .history import Person, person
from .replay import Made, refs, stream
from .trees import EXECUTABLE, FILE, Entry, Listing

SEED = "refs/slipway/seed"
_ATTEMPTS = 20
_NONE = "0" * 40


def run(
    repository: Path,
    *args: str,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    ok: Collection[int] = (0,),
) -> bytes:
    """Run git on a bare repository; no setting of the user or the machine takes part."""
    repository = repository.absolute()
    ours = {
        "GIT_DIR": str(repository),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **(env or {}),
    }
    return programs.git(*args, cwd=cwd or repository, stdin=stdin, env=ours, ok=ok)


def _line(repository: Path, *args: str, stdin: bytes | None = None) -> str:
    return run(repository, *args, stdin=stdin).decode().strip()


def initialise(repository: Path) -> None:
    """Make an empty bare repository in an existing empty folder."""
    run(repository, "init", "--quiet", "--bare", "--object-format=sha1", "--template=",
        "--initial-branch=main")  # fmt: skip
    run(repository, "config", "gc.auto", "0")


def fill(repository: Path, made: list[Made], seed: str) -> str:
    """Write a history into an empty repository with the seed's tree; return main's commit."""
    run(repository, "fast-import", "--quiet", stdin=stream(made))
    scratch = "".join(f"delete refs/slipway/replay/{number}\n" for number in range(len(made)))
    missing = [ref for ref in refs(made) if commit_of(repository, ref) is None]
    if missing:
        raise SlipwayError(f"git fast-import left out {', '.join(missing)}", where=str(repository))
    run(repository, "update-ref", "--stdin", stdin=f"create {SEED} {seed}\n{scratch}".encode())
    head = commit_of(repository, "refs/heads/main")
    tree = _line(repository, "rev-parse", "--verify", "refs/heads/main^{tree}")
    if head is None or tree != seed:
        raise SlipwayError(f"main has the tree {tree}, the seed {seed}", where=str(repository))
    return head


def seeded(repository: Path) -> str | None:
    """Return the tree that was seeded last, None when there is no such repository.

    The ref is read as a file, which is what makes an idle run cheap; packed refs are asked of git.
    """
    try:
        return (repository / SEED).read_text().strip() or None
    except (FileNotFoundError, NotADirectoryError):
        if not (repository / "HEAD").is_file():
            return None
    return _resolve(repository, SEED)


def commit_of(repository: Path, ref: str) -> str | None:
    """Return the commit a full ref names, None when there is no such ref."""
    return _resolve(repository, f"{ref}^{{commit}}")


def _resolve(repository: Path, name: str) -> str | None:
    found = run(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", name, ok=(0, 1))
    return found.decode().strip() or None


def files(repository: Path, treeish: str) -> dict[str, Entry]:
    """Return every file of a tree or a commit, links and submodules as they stand there."""
    listed = {}
    for row in run(repository, "ls-tree", "-r", "-z", "--full-tree", treeish).split(b"\0")[:-1]:
        about, _, path = row.partition(b"\t")
        mode, _, oid = about.decode().split(" ")
        listed[path.decode("utf-8", "surrogateescape")] = Entry(mode, oid)
    return listed


def content(repository: Path, oid: str) -> bytes:
    """Return a file's content by its id."""
    return run(repository, "cat-file", "blob", oid)


def store(repository: Path, data: bytes) -> str:
    """Write a file's content and return its id."""
    return _line(repository, "hash-object", "-w", "-t", "blob", "--stdin", stdin=data)


def write_tree(repository: Path, base: str | None, changes: Mapping[str, Entry | None]) -> str:
    """Return the tree `base` with some files set, or taken away where the entry is None."""
    rows = [
        f"{entry.mode} {entry.oid}\t{path}\0" if entry else f"0 {_NONE}\t{path}\0"
        # What goes first makes room for a folder of the same name, or for a file.
        for path, entry in sorted(
            changes.items(), key=lambda change: (change[1] is not None, change)
        )
    ]
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        run(repository, "read-tree", *([base] if base else ["--empty"]), env=env)
        table = "".join(rows).encode("utf-8", "surrogateescape")
        run(repository, "update-index", "-z", "--index-info", stdin=table, env=env)
        return run(repository, "write-tree", env=env).decode().strip()


def commit_tree(
    repository: Path, tree: str, parent: str, message: str, author: Person, date: str
) -> str:
    """Return a new commit; its id follows from the arguments alone."""
    done = run(
        repository,
        *("commit-tree", tree, "-p", parent, "-F", "-"),
        stdin=(message.rstrip("\n") + "\n").encode(),
        env=programs.identity(author.name, author.email, date),
    )
    return done.decode().strip()


def advance(
    repository: Path, branch: str, make: Callable[[str], str | None], also: str = ""
) -> tuple[str | None, str]:
    """Move a branch to what `make` makes of its tip; once more whenever it moved meanwhile.

    Args:
        repository: a bare repository.
        branch: short name of an existing branch.
        make: takes the tip; returns the new commit, or None when there is nothing to do.
        also: lines for `git update-ref --stdin` that belong to the same transaction.

    Returns:
        The new commit, None when nothing was to do; and the tip it was decided on.
    """
    ref = f"refs/heads/{branch}"
    run(repository, "check-ref-format", ref)
    for _ in range(_ATTEMPTS):
        tip = commit_of(repository, ref)
        if tip is None:
            raise SlipwayError(f"there is no branch {branch}", where=str(repository))
        made = make(tip)
        # "verify" makes the decision that nothing is to do hold for the tip it was made on.
        order = f"update {ref} {made} {tip}\n" if made else f"verify {ref} {tip}\n"
        try:
            run(repository, "update-ref", "--stdin", stdin=(order + also).encode())
        except programs.GitError:
            if commit_of(repository, ref) == tip:
                raise
            continue
        return made, tip
    raise SlipwayError(
        f"{branch} moved {_ATTEMPTS} times while a commit was made for it",
        where=str(repository),
        fix="run the same again",
    )


def commit_change(
    remote: Path,
    branch: str,
    message: str,
    files: Mapping[str, bytes | None],
    *,
    author: str,
    date: str,
) -> str:
    """Commit files to a branch of a bare repository, as a developer's push would.

    Args:
        remote: the bare repository.
        branch: short name of an existing branch.
        message: the commit message.
        files: contents by path; None takes the file away. A file that is there keeps its mode.
        author: "Name <address>", author and committer.
        date: "SECONDS +ZONE", as git stores it.

    Returns:
        The branch's new commit; its old one when it has all of this already.

    Raises:
        SlipwayError: no such branch, or a path that cannot stand in a tree.
    """
    who = person(author)
    for path in files:
        _check_path(path)
    stored = {path: None if data is None else store(remote, data) for path, data in files.items()}

    def make(tip: str) -> str | None:
        there = _listing(remote, tip)
        wanted = {path: _entry(there, path, oid) for path, oid in stored.items()}
        changes = {path: entry for path, entry in wanted.items() if there.get(path) != entry}
        if not changes:
            return None
        return commit_tree(remote, write_tree(remote, tip, changes), tip, message, who, date)

    made, tip = advance(remote, branch, make)
    return made or tip


def _listing(remote: Path, tip: str) -> Listing:
    return files(remote, tip)


def _entry(there: Listing, path: str, oid: str | None) -> Entry | None:
    if oid is None:
        return None
    executable = path in there and there[path].mode == EXECUTABLE
    return Entry(EXECUTABLE if executable else FILE, oid)


def _check_path(path: str) -> None:
    parts = path.split("/")
    if not path.isprintable() or any(part.lower() in ("", ".", "..", ".git") for part in parts):
        raise SlipwayError(f"{path!r} cannot stand in a commit")
