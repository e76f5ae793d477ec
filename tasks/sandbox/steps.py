"""Make the sandbox's remotes, keep them in step with their seeds, take them away."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.lock import exclusively

from . import folder, history, merging, replay
from . import repository as repositories
from .seeds import HISTORY, SEEDS
from .trees import Blob, listing, tree_id

_SANDBOX = history.Person("Slipway sandbox", "sandbox@lana.example")


@dataclass(frozen=True)
class Synced:
    """What was done: made anew, a commit on main, or nothing; `changed` are the commit's paths."""

    created: bool
    commit: str | None
    changed: list[str]


def seed(root: Path) -> dict[str, Synced]:
    """Make the remotes below `root` that are missing, bring edits of their seeds into the others.

    Raises:
        SlipwayError: see `sync`; or `.sandbox` is a link, so that remotes would land elsewhere.
    """
    if (root / paths.SANDBOX).is_symlink():
        raise SlipwayError(
            "is a link, and the sandbox is made in folders only", where=paths.SANDBOX
        )
    return {kind: sync(kind, root / it.folder, root / it.remote) for kind, it in SEEDS.items()}


def sync(
    kind: str, seed_dir: Path, remote: Path, *, history_file: Path | None = None, shown: str = ""
) -> Synced:
    """Make a remote from its seed and its history, or bring the seed's edits into it.

    Nothing is touched when the seed is as it was. Safe to be killed and to be run twice at once.

    Args:
        kind: a key of `SEEDS`, and the section of the history.
        seed_dir: the folder people edit.
        remote: the bare repository.
        history_file: read when the remote has to be made; by default `sandbox/history.yml` of the
            project that `seed_dir` is in.
        shown: how messages name the remote; its path from here when empty.

    Raises:
        SlipwayError: edits that conflict with main, of which nothing is taken over then; or
            something that is no such remote stands in the way.
    """
    if kind not in SEEDS:
        raise WrongUsage(f"{kind!r} is no seed; there are {', '.join(SEEDS)}")
    known = repositories.seeded(remote)
    if known is not None and known == _seed_id(folder.read(seed_dir, remote)):
        return Synced(created=False, commit=None, changed=[])
    with exclusively(remote.parent / f".{remote.name}.lock"):
        known = repositories.seeded(remote)
        if known is not None:
            return _follow(kind, seed_dir, remote, known, shown or os.path.relpath(remote))
        if remote.is_symlink() or (
            remote.exists() and (not remote.is_dir() or any(remote.iterdir()))
        ):
            raise SlipwayError(
                "is in the way: it is no remote that the sandbox has made",
                where=str(remote),
                fix="move it away, or doit sandbox:reset",
            )
        root = seed_dir.absolute().parents[SEEDS[kind].folder.count("/")]
        head = _create(kind, seed_dir, remote, history_file or root / HISTORY)
        return Synced(created=True, commit=head, changed=[])


def _seed_id(seed_tree: Mapping[str, Blob]) -> str:
    return tree_id(listing(seed_tree))


def _create(kind: str, seed_dir: Path, remote: Path, history_file: Path) -> str:
    # Under the lock, what others left half made is nobody's any more.
    for left in remote.parent.glob(f".{remote.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        text = history_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SlipwayError("the sandbox's history is missing", where=str(history_file)) from None
    steps = history.read(text, kind, history_file.name)
    half = Path(tempfile.mkdtemp(prefix=f".{remote.name}.new-", dir=remote.parent))
    try:
        repositories.initialise(half)
        tree = folder.read(seed_dir, half)
        head = repositories.fill(half, replay.play(steps, tree), _seed_id(tree))
        # A whole repository takes its name in one step: a kill before leaves nothing under it.
        os.rename(half, remote)  # noqa: PTH104 - Path.rename would read the same
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return head


def _follow(kind: str, seed_dir: Path, remote: Path, known: str, shown: str) -> Synced:
    tree = folder.read(seed_dir, remote)
    new, now = listing(tree), _seed_id(tree)
    if known == now:
        return Synced(created=False, commit=None, changed=[])
    old = repositories.files(remote, known)
    for path, entry in new.items():
        if old.get(path) != entry:
            repositories.store(remote, tree[path].content)
    written = repositories.write_tree(remote, None, new)
    if written != now:
        raise SlipwayError(f"git wrote the seed as {written}, not as {now}", where=str(remote))
    sides = merging.Sides(os.path.relpath(seed_dir), shown)
    changed: list[str] = []

    def make(tip: str) -> str | None:
        main = repositories.files(remote, tip)
        changes = merging.takeover(remote, old, new, main, sides)
        changed[:] = sorted(changes)
        if not changes:
            return None
        message = _message(SEEDS[kind].commit_type, changed)
        date = _minute_after(remote, tip)
        merged = repositories.write_tree(remote, tip, changes)
        return repositories.commit_tree(remote, merged, tip, message, _SANDBOX, date)

    also = f"update {repositories.SEED} {now} {known}\n"
    made, _ = repositories.advance(remote, history.MAIN, make, also)
    return Synced(created=False, commit=made, changed=changed)


def _message(commit_type: str, changed: list[str]) -> str:
    first = ", ".join(changed[:2])
    more = f" and {len(changed) - 2} more" if len(changed) > 2 else ""
    body = "\n".join(f"- {path}" for path in changed) if more else ""
    return f"{commit_type}(sandbox): take over edits of {first}{more}\n" + (
        f"\n{body}\n" if body else ""
    )


def _minute_after(remote: Path, commit: str) -> str:
    # No clock: the same edit on the same commit is the same commit again.
    shown = repositories.run(remote, "show", "-s", "--format=%ct", commit)
    return f"{int(shown) + 60} +0000"


def reset(root: Path) -> bool:
    """Take the whole sandbox below `root` away: remotes, registry, forge and cluster.

    Returns:
        True when there was one.

    Raises:
        SlipwayError: `.sandbox` is a link or no folder; nothing is removed then.
    """
    base = root.resolve()
    sandbox = base / paths.SANDBOX
    if sandbox.is_symlink() or sandbox.resolve().parent != base:
        raise SlipwayError("is a link, and what it leads to is not removed", where=str(sandbox))
    if not sandbox.exists():
        return False
    if not sandbox.is_dir():
        raise SlipwayError("is no folder", where=str(sandbox), fix="move it away by hand")
    # Renamed first: whoever comes meanwhile finds no sandbox, and not half of one.
    gone = Path(tempfile.mkdtemp(prefix=f"{paths.SANDBOX}.gone-", dir=base))
    sandbox.rename(gone / "sandbox")
    shutil.rmtree(gone)
    return True
