"""The version counter: a branch of its own with one text file, like Concourse's semver resource."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Again, Effect, Seen, Skip
from ..kernel.receipts import ANY, Claims
from ..kernel.world import World
from ..version import is_newer

FILE = "version"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The counter at a version, or further.

    Attributes:
        ref: the branch.
        version: what it should say at least.
    """

    ref: str
    version: str


def want(world: World) -> Wanted | Skip:
    """Want the counter at the published version."""
    published = world.json(paths.receipt("publish"))
    if "skipped" in published:
        return Skip(published["skipped"])
    return Wanted(f"refs/heads/{world.config.release.version_branch}", published["version"])


def _standing(world: World, wanted: Wanted) -> tuple[str, str]:
    """Return the branch's commit and what its file says; "" and "" when there is no branch."""
    where = remotes.address(world, world.config.remotes.source)
    found = remotes.ls(where)
    commit = found.get(wanted.ref, "")
    if not commit:
        return "", ""
    mirror = remotes.mirror(world, "source", where, found)
    content = remotes.files_at(mirror, commit, FILE) or b""
    return commit, content.decode(errors="replace").strip()


def _reached(there: str, version: str) -> bool:
    try:
        return not is_newer(version, there)
    except ValueError:
        return False  # the file says no version


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask what the counter says; a later one is as good."""
    commit, there = _standing(world, wanted)
    if commit and _reached(there, wanted.version):
        return Seen(True, f"the counter says {there}")
    return Seen(False, f"the counter says {there}" if commit else "there is no counter yet")


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Commit the version on top of the branch.

    Raises:
        Again: somebody else moved the counter meanwhile.
    """
    mirror = world.mirror("source")
    parent, there = _standing(world, wanted)
    blob = g.text("hash-object", "-w", "--stdin", repo=mirror, stdin=f"{wanted.version}\n".encode())
    tree = g.text("mktree", "-z", repo=mirror, stdin=_tree(mirror, parent, blob))
    commit = world.json(paths.receipt("publish"))["commit"]
    date = g.text("log", "-1", "--format=%ct +0000", commit, "--", repo=mirror)
    who = g.identity("Slipway", "slipway@localhost", date)
    message = f"bump to {wanted.version}\n".encode()
    parents = ["-p", parent] if parent else []
    new = g.text("commit-tree", tree, *parents, "-F", "-", repo=mirror, env=who, stdin=message)
    where = remotes.address(world, world.config.remotes.source)
    try:
        remotes.push(world, "source", where, wanted.ref, new, parent)
    except remotes.RefTaken as error:
        raise Again(error.what) from None
    return f"{there or 'nothing'} → {wanted.version}"


def _tree(mirror: Path, parent: str, blob: str) -> bytes:
    """Return the branch's folder with the new file in it; what others keep beside it stays."""
    listed = g.git("ls-tree", "-z", parent, "--", repo=mirror) if parent else b""
    entries = {entry.partition(b"\t")[2]: entry for entry in listed.split(b"\0") if entry}
    entries[FILE.encode()] = f"100644 blob {blob}\t{FILE}".encode()
    return b"".join(entry + b"\0" for entry in entries.values())


def claims(wanted: Wanted, _seen: Seen) -> Claims:
    """Claim that there is a counter; it goes on with every release."""
    return {"source": {wanted.ref: ANY}}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"set the version counter to {wanted.version}"


EFFECT = Effect("counter", "source", want, observe, act, claims, means)
