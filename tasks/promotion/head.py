"""The deployments remote as this run knows it: its head, and the one way to move it.

The observer `deployments` fixes the head at the start of a run. Our own commits there (rendered
values, a vendored chart, a record) move it on by `advance`, so that what follows in the same run,
or in the same plan, goes on from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..kernel import paths, remotes
from ..kernel.effects import Again
from ..kernel.errors import SlipwayError
from ..kernel.lock import exclusively
from ..kernel.world import UNKNOWN, World

REMOTE = "deployments"
HOLDS, OVERRIDES = "refs/slipway/holds/", "refs/slipway/overrides/"
HISTORY = "refs/slipway/history/"
YANKED = "refs/slipway/yanked/"


@dataclass(frozen=True, slots=True)
class Head:
    """Where the deployments repository stands.

    Attributes:
        branch: the branch that is followed.
        commit: its full commit id.
        gates: the commit of the gates branch; "" when there is none.
        notes: what people have decided besides, ref → commit: holds (and the history of what is
            held), exceptions from a freeze, yanked releases.
    """

    branch: str
    commit: str
    gates: str
    notes: Mapping[str, str] = field(default_factory=dict)


def head_of(world: World) -> Head:
    """Return the head that this run goes on from."""
    return Head(**world.json(paths.DEPLOYMENTS))


def write_head(world: World, head: Head) -> None:
    """Write the head down; it is the observer's fact."""
    world.write_json(paths.DEPLOYMENTS, asdict(head))


def advance(world: World, commit: str) -> None:
    """Go on from a commit that we have put on the branch (or, in a plan, would have).

    Only ever forward: of two effects side by side, the slower one takes nothing back.
    """
    with _alone(world):
        now = head_of(world)
        if commit == UNKNOWN or _is_ahead(world, now.commit, commit):
            write_head(world, replace(now, commit=commit))


def _is_ahead(world: World, now: str, commit: str) -> bool:
    return now != UNKNOWN and remotes.is_ancestor(mirror(world), now, commit)


def _alone(world: World) -> AbstractContextManager[None]:
    """Let no other process move the head meanwhile; a plan has a head of its own."""
    if world.dry:
        return nullcontext()
    return exclusively(mirror(world).with_name(f"{REMOTE}.head.lock"))


def address(world: World) -> str:
    """Return what git is given to reach the remote."""
    return remotes.address(world, world.config.remotes.deployments)


def ask(world: World) -> Head:
    """Ask the remote where it stands now, and have its objects in our mirror.

    Raises:
        SlipwayError: it cannot be read, or lacks the branch.
    """
    return look(world)[0]


def look(world: World) -> tuple[Head, dict[str, str]]:
    """Ask as `ask` does, and return all of the remote's refs as well."""
    told = world.config.remotes.deployments
    where = address(world)
    refs = remotes.ls(where)
    commit = refs.get(f"refs/heads/{told.branch}", "")
    if not commit:
        raise SlipwayError(
            f"there is no branch {told.branch}",
            where=told.url,
            fix="set remotes.deployments.branch in pipeline.yml, or push the branch",
        )
    remotes.mirror(world, REMOTE, where, refs)
    gates = refs.get(f"refs/heads/{world.config.gates.branch}", "")
    return Head(told.branch, commit, gates, _decided(refs)), refs


def _decided(refs: Mapping[str, str]) -> dict[str, str]:
    """Return the refs that say what people have decided."""
    held = {name.replace(HOLDS, HISTORY, 1) for name in refs if name.startswith(HOLDS)}
    places = (HOLDS, OVERRIDES, YANKED)
    return {name: refs[name] for name in sorted(refs) if name.startswith(places) or name in held}


def mirror(world: World) -> Path:
    """Return our copy of the repository."""
    return world.mirror(REMOTE)


def push(world: World, commit: str, parent: str) -> None:
    """Put a commit on the branch, on top of the one it was made for.

    Raises:
        Again: somebody else has pushed meanwhile; make the commit anew on top of theirs.
        SlipwayError: the remote refused.
    """
    ref = f"refs/heads/{world.config.remotes.deployments.branch}"
    try:
        remotes.push(world, REMOTE, address(world), ref, commit, parent)
    except remotes.RefTaken as error:
        raise Again(error.what) from None
