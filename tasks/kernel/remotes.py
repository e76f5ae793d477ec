"""Git remotes: what refs they have, our mirror of their objects, the few ways we change them."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from . import git as g
from .config import Remote
from .errors import SlipwayError
from .lock import exclusively
from .redact import redact
from .world import World

PATTERNS = ("refs/heads/*", "refs/tags/*", "refs/slipway/*")
ZERO = "0" * 40


def address(world: World, remote: Remote) -> str:
    """Return what git is given to reach a remote: its URL, or a local path as an absolute one."""
    if "://" in remote.url or (":" in remote.url and not Path(remote.url).exists()):
        return remote.url
    return str((world.root / remote.url).absolute())


def _local(where: str) -> Path | None:
    """Return a remote's folder when it is on this machine."""
    path = Path(where.removeprefix("file://"))
    return path if path.is_absolute() and path.exists() else None


def refuse_unfit(where: str) -> None:
    """Refuse a local remote that is not what it seems: a dirty work tree, or a shallow clone.

    Raises:
        SlipwayError: with the first changed files, or with how to complete the history.
    """
    folder = _local(where)
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
    raise SlipwayError(f"{ref} could not be pushed", where=redact(where), detail=said)


@contextmanager
def checkout(world: World, name: str, commit: str, task: str) -> Iterator[Path]:
    """Yield a clean checkout of a commit, with its history, in a folder that is gone afterwards.

    Args:
        world: whose mirror.
        name: the remote's name.
        commit: a full commit id.
        task: whose scratch folder to use.
    """
    with scratch(world, task) as folder:
        tree = folder / "tree"
        source = str(world.mirror(name).absolute())
        g.git("clone", "--quiet", "--shared", "--no-checkout", "--", source, str(tree))
        g.git("checkout", "--quiet", "--detach", commit, "--", repo=tree)
        yield tree


def export(world: World, name: str, commit: str, path: str, folder: Path) -> None:
    """Write the files of a folder at a commit, without any history, below `folder`.

    Args:
        world: whose mirror.
        name: the remote's name.
        commit: a full commit id.
        path: folder inside the repository; "." for all of it.
        folder: an empty or new folder.

    Raises:
        SlipwayError: the path is not a folder in that commit (a link is none).
    """
    source = world.mirror(name).absolute()
    spec = f"{commit}:" if path == "." else f"{commit}:{path}"
    kind = g.text(
        "cat-file", "-t", spec if path != "." else f"{commit}^{{tree}}", repo=source, ok=(0, 128)
    )
    if kind != "tree":
        what = "is not a folder" if kind else "does not exist"
        raise SlipwayError(f"{path} {what} in {commit[:7]}", fix="correct the path in pipeline.yml")
    folder.mkdir(parents=True, exist_ok=True)
    index = {"GIT_INDEX_FILE": f"{folder.absolute()}.index"}
    try:
        g.git("read-tree", spec if path != "." else commit, repo=source, env=index)
        place = ("--git-dir", str(source), "--work-tree", str(folder.absolute()))
        g.git(*place, "checkout-index", "--all", "--force", cwd=folder, env=index)
    finally:
        Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)


@contextmanager
def scratch(world: World, task: str) -> Iterator[Path]:
    """Yield an empty folder of a task's own; gone afterwards, or swept by the next when killed."""
    base = world.work(task)
    rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    try:
        yield base.absolute()
    finally:
        rmtree(base, ignore_errors=True)


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
