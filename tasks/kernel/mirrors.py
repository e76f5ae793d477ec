"""Our bare copies of the remotes' objects: kept up to date, read, and given new commits."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from shutil import rmtree

from . import git as g
from .errors import SlipwayError
from .lock import exclusively
from .redact import redact
from .world import World

PATTERNS = ("refs/heads/*", "refs/tags/*", "refs/slipway/*")  # what is followed of a remote
ZERO = "0" * 40


def mirror(world: World, name: str, where: str, refs: Mapping[str, str]) -> Path:
    """Bring our bare copy of a remote up to date and return it.

    Args:
        world: whose mirror.
        name: the remote's name in `pipeline.yml`.
        where: its address.
        refs: what `ls` just said; nothing is fetched when the mirror has all of it.
    """
    path = world.mirror(name)
    if _has_all(path, refs):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusively(path.parent / f"{name}.lock"):  # a plan may look while a run fetches
        try:
            _follow(path, where, refs)
        except g.GitError:
            if not _is_damaged(path):
                raise
            rmtree(path)  # a cache of ours; the remote has it all
            _follow(path, where, refs)
    if (path / "shallow").exists():
        raise SlipwayError(
            "the remote is a shallow clone: versions and changelogs would be wrong",
            where=redact(where),
            fix="point pipeline.yml at a complete repository",
        )
    return path


def _unlock(path: Path) -> None:
    """Take away the locks of a git that was killed here; we alone write, under a lock of ours."""
    for lock in (*path.glob("*.lock"), *(path / "refs").rglob("*.lock")):
        lock.unlink(missing_ok=True)


def _is_damaged(path: Path) -> bool:
    """Say whether objects are missing or broken in a mirror, so that a fetch into it fails."""
    how = ("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
    return path.exists() and g.returncode(*how, repo=path, timeout=1800) != 0


def _has_all(path: Path, refs: Mapping[str, str]) -> bool:
    """Say whether a mirror has exactly these refs, by a look that writes nothing."""
    if not (path / "HEAD").is_file() or (path / "shallow").exists():
        return False
    try:
        return _refs_of(path) == dict(refs)
    except g.GitError:
        return False


def _refs_of(path: Path) -> dict[str, str]:
    peeled = "%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)"
    told = g.lines("for-each-ref", f"--format={peeled} %(refname)", repo=path)
    return {ref: at for at, ref in (line.split(" ", 1) for line in told)}


def _held(path: Path) -> dict[str, str]:
    """Return the refs of a mirror, as `ls` does; one that is lost or damaged is made anew."""
    try:
        return _refs_of(path)
    except g.GitError:
        rmtree(path, ignore_errors=True)
        g.git("init", "--bare", "--quiet", str(path))
        return {}


def _follow(path: Path, where: str, refs: Mapping[str, str]) -> None:
    if _held(path) != dict(refs):
        _unlock(path)
        g.git(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head",
            "--end-of-options", where, *(f"+{pattern}:{pattern}" for pattern in PATTERNS),
            repo=path, timeout=1800,
        )  # fmt: skip


def commit_files(
    world: World,
    name: str,
    parent: str,
    files: Mapping[str, bytes | None],
    message: str,
    who: Mapping[str, str],
    programs: Collection[str] = (),
) -> str:
    """Make a commit in our mirror: a parent with some files changed; return its id.

    The same arguments always make the same commit.

    Args:
        world: whose mirror.
        name: the remote's name.
        parent: the commit to stand on; "" for one without history.
        files: path → new content, as plain files; None takes a file away.
        message: of the commit.
        who: author, committer and date (`git.identity`).
        programs: which of them can be executed.
    """
    mirror_path = world.mirror(name)
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        g.git("read-tree", parent or "--empty", repo=mirror_path, env=index)
        rows = b""
        for path, content in files.items():
            mode, blob = "0", ZERO
            if content is not None:
                mode = "100755" if path in programs else "100644"
                blob = g.text("hash-object", "-w", "--stdin", repo=mirror_path, stdin=content)
            rows += f"{mode} {blob}\t{path}\0".encode("utf-8", "surrogateescape")
        g.git("update-index", "-z", "--index-info", repo=mirror_path, env=index, stdin=rows)
        tree = g.text("write-tree", repo=mirror_path, env=index)
    told = message.encode("utf-8", "surrogateescape")
    above = ("-p", parent) if parent else ()
    how = ("commit-tree", tree, *above, "-F", "-")
    return g.text(*how, repo=mirror_path, env=who, stdin=told)


def files_at(mirror_path: Path, commit: str, path: str) -> bytes | None:
    """Return a file's content at a commit; None when it is not there.

    Raises:
        SlipwayError: it is a link or a folder.
    """
    entry = g.text("--literal-pathspecs", "ls-tree", commit, "--", path, repo=mirror_path)
    if entry and not entry.startswith("100"):
        kind = "a link" if entry.startswith("120") else "no file"
        raise SlipwayError(f"{path} is {kind} in {commit[:7]}", fix="make it a plain file")
    if g.returncode("cat-file", "-e", f"{commit}:{path}", repo=mirror_path):
        return None
    return g.git("cat-file", "blob", f"{commit}:{path}", repo=mirror_path)


def ancestors(mirror_path: Path, commit: str) -> set[str]:
    """Return a commit and everything it stands on."""
    return set(g.lines("rev-list", commit, repo=mirror_path))


def is_ancestor(mirror_path: Path, older: str, newer: str) -> bool:
    """Say whether `newer` stands on `older`."""
    return g.returncode("merge-base", "--is-ancestor", older, newer, repo=mirror_path) == 0
