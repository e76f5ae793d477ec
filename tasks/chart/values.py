"""The effect `chart:values`: every environment's rendered values, in one commit on deployments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Effect, Seen
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import World
from ..promotion import head
from .places import places, root_of
from .rendering import NOTHING, OWN, file_of, rendered

TASK = "chart:values"
_BOT = ("Slipway", "slipway@localhost")
_LATER = 60  # seconds after the commit below: the same facts always make the same commit


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rendered values that should stand in the deployments repository.

    Attributes:
        values: place → content.
        files: place → path there.
    """

    values: dict[str, bytes]
    files: dict[str, str]


def want(world: World) -> Wanted:
    """Want every environment's own values, rendered.

    Raises:
        SlipwayError: some are not valid.
    """
    names = places(world.config)
    return Wanted(
        {name: rendered(world, name) for name in names},
        {name: file_of(world.config, name, paths.RENDERED) for name in names},
    )


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask whether the branch has all of them; else make the commit that would bring them.

    Raises:
        SlipwayError: an environment has no folder there, or its own values were changed meanwhile.
    """
    now = head.ask(world)
    _refuse_missing(world, now.commit)
    _refuse_changed(world, now.commit)
    commit = _commit(world, wanted, now.commit)
    before, after = (_blobs(world, wanted, at) for at in (now.commit, commit))
    behind = [name for name in wanted.files if before.get(name) != after[name]]
    if not behind:
        return Seen(True, f"all {len(after)} stand", {"commit": now.commit, "values": after})
    says = f"{', '.join(behind)} {'are' if len(behind) > 1 else 'is'} behind"
    return Seen(False, says, {"commit": commit, "values": after})


def _refuse_missing(world: World, commit: str) -> None:
    for name in places(world.config):
        root = root_of(world.config, name)
        listed = ("--literal-pathspecs", "ls-tree", "-d", commit, "--", root)
        if root != "." and not g.text(*listed, repo=head.mirror(world)).startswith("040000 tree"):
            key = "testflight" if name not in world.config.environments else f"environments.{name}"
            raise SlipwayError(
                f"{name} has no folder {root} in the deployments at {commit[:7]}",
                where=world.config.where(f"{key}.root"),
                fix=f"commit {root}/ with its {OWN} there, or correct the root",
            )


def _refuse_changed(world: World, commit: str) -> None:
    """Refuse to render what is not there any more: whoever looks again sees the new one."""
    if commit == head.head_of(world).commit:
        return
    for name in places(world.config):
        file = file_of(world.config, name, OWN)
        there = remotes.files_at(head.mirror(world), commit, file) or NOTHING
        if there != (world.read(paths.environment_values(name)) or NOTHING):
            raise SlipwayError(
                f"{file} was changed while this run looked at it",
                where=world.config.remotes.deployments.url,
                fix="run the same again",
            )


def _blobs(world: World, wanted: Wanted, commit: str) -> dict[str, str]:
    """Return the rendered values of a commit: place → blob id, those that are plain files."""
    listed = ("--literal-pathspecs", "ls-tree", "-z", commit, "--", *wanted.files.values())
    rows = g.text(*listed, repo=head.mirror(world)).split("\0")
    found = {path: entry for entry, _, path in (row.partition("\t") for row in rows) if path}
    return {
        name: found[path].split()[2]
        for name, path in wanted.files.items()
        if found.get(path, "").startswith("100644 ")
    }


def _commit(world: World, wanted: Wanted, parent: str) -> str:
    """Make the commit in our mirror that has all of them."""
    mirror = head.mirror(world)
    files = {wanted.files[name]: content for name, content in wanted.values.items()}
    behind = [
        name
        for name, content in wanted.values.items()
        if g.git("cat-file", "blob", f"{parent}:{wanted.files[name]}", repo=mirror, ok=(0, 128))
        != content
    ]
    date = int(g.text("log", "-1", "--format=%ct", parent, "--", repo=mirror)) + _LATER
    message = f"chore(values): render {', '.join(behind)}\n"
    who = g.identity(*_BOT, f"{date} +0000")
    return remotes.commit_files(world, head.REMOTE, parent, files, message, who)


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Put the commit on top of the branch.

    Raises:
        Again: somebody else has pushed meanwhile.
    """
    parent = head.ask(world).commit
    commit = _commit(world, wanted, parent)
    head.push(world, commit, parent)
    subject = g.text("log", "-1", "--format=%s", commit, "--", repo=head.mirror(world))
    return f"{subject} ({commit[:7]})"


def claims(_wanted: Wanted, seen: Seen) -> Claims:
    """Claim the very files: what a person writes over them is rendered again."""
    blobs: dict[str, str] = seen.facts["values"]
    return {head.REMOTE: {f"values:{name}": blob for name, blob in blobs.items()}}


def leave(world: World, wanted: Wanted, seen: Seen) -> None:
    """Write the rendered values, and have what follows go on from a commit that has them."""
    for name, content in wanted.values.items():
        world.write(paths.rendered_values(name), content)
    blobs: dict[str, Any] = seen.facts["values"]
    if _blobs(world, wanted, head.head_of(world).commit) != blobs:
        head.advance(world, seen.facts["commit"])


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"commit the rendered values of {', '.join(wanted.files)}"


EFFECT = Effect(TASK, head.REMOTE, want, observe, act, claims, means, leave)
