"""The version counter: a branch of its own with a version in a text file.

It is what Concourse's semver resource (its driver `git`) reads and writes: the file holds the
version and a newline, of which the resource reads the first word; a bump is a commit "bump to
VERSION" on top of the branch. No branch, no file or an empty one stand for the resource's
`initial_version`, which is below every release of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Again, Effect, Seen, Skip
from ..kernel.receipts import ANY, Claims
from ..kernel.world import World
from ..version import is_newer


@dataclass(frozen=True, slots=True)
class Wanted:
    """The counter at a version, or further.

    Attributes:
        ref: the branch.
        version: what it should say at least.
        file: the file there.
    """

    ref: str
    version: str
    file: str


def want(world: World) -> Wanted | Skip:
    """Want the counter at the published version."""
    published = world.json(paths.receipt("publish"))
    if "skipped" in published:
        return Skip(published["skipped"])
    release = world.config.release
    ref = f"refs/heads/{release.version_branch}"
    return Wanted(ref, published["version"], release.version_file)


def _standing(world: World, wanted: Wanted) -> tuple[str, str]:
    """Return the branch's commit and what its file says; "" and "" when there is no branch."""
    where = remotes.address(world, world.config.remotes.source)
    found = remotes.ls(where)
    commit = found.get(wanted.ref, "")
    if not commit:
        return "", ""
    mirror = remotes.mirror(world, "source", where, found)
    content = remotes.files_at(mirror, commit, wanted.file) or b""
    return commit, "".join(content.decode(errors="replace").split()[:1])


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
    commit = world.json(paths.receipt("publish"))["commit"]
    date = g.text("log", "-1", "--format=%ct +0000", commit, "--", repo=mirror)
    who = g.identity("Slipway", "slipway@localhost", date)
    files = {wanted.file: f"{wanted.version}\n".encode()}
    new = remotes.commit_files(world, "source", parent, files, f"bump to {wanted.version}\n", who)
    where = remotes.address(world, world.config.remotes.source)
    try:
        remotes.push(world, "source", where, wanted.ref, new, parent)
    except remotes.RefTaken as error:
        raise Again(error.what) from None
    return f"{there or 'nothing'} → {wanted.version}"


def claims(wanted: Wanted, _seen: Seen) -> Claims:
    """Claim that there is a counter; it goes on with every release."""
    return {"source": {wanted.ref: ANY}}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"set the version counter to {wanted.version}"


EFFECT = Effect("counter", "source", want, observe, act, claims, means)
