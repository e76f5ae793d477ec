"""The lock of an environment, on the deployments remote: one deployment at a time, from anywhere.

It is a note on `refs/slipway/locks/ENV`, taken and given up by compare-and-swap. Who holds it has
noted its id in `build/` before it was pushed, so that a run that was killed finds its own lock
again; anybody else may take it over when its lease has run out. Whatever cannot be read is held.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass

from ..kernel import journal, paths, remotes
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion import head, notes
from .past import add, deployed_by

WAIT = 30.0  # seconds before another deployment gives up
_LOOKS = 0.5  # seconds between two looks
_QUIET = 1.0  # seconds to wait before a person is told
_SKEW = 60  # seconds that the clocks of two machines may differ


class Locked(SlipwayError):
    """Somebody else is deploying the environment."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that stands on the remote.

    Attributes:
        commit: the note.
        owner: who deploys; "somebody" when that cannot be read.
        where: machine and process.
        since: when it was taken, in words.
        until: when it may be taken over, in seconds since 1970; None for never.
    """

    commit: str
    owner: str = "somebody"
    where: str = ""
    since: str = ""
    until: int | None = None

    @property
    def expired(self) -> bool:
        """Whether its owner must be dead."""
        return self.until is not None and time.time() > self.until + _SKEW

    def spoken(self) -> str:
        """Return it in words."""
        told = self.owner + (f" ({self.where})" if self.where else "")
        told += f" since {self.since}" if self.since else ""
        return told + (f", until {notes.spoken(self.until)} at most" if self.until else "")


def ref(name: str) -> str:
    """Return where the lock of an environment stands."""
    return notes.LOCKS + name


def read(world: World, commit: str) -> Lock:
    """Return a lock; one that cannot be read is held by somebody, for ever."""
    try:
        note = notes.read(world, commit)
        until = int(note.fields["Until-Second"])
    except (SlipwayError, KeyError, ValueError, IndexError):
        return Lock(commit)
    return Lock(commit, note.said("By") or "somebody", note.said("Where"), note.since, until)


def _ours(world: World, name: str) -> list[str]:
    found = world.json_or(paths.deploy_lock(name), {}).get("commits", [])
    return [one for one in found if isinstance(one, str)]


def wait(world: World, name: str, patience: float | None = None) -> tuple[str, bool]:
    """Wait until nobody else deploys an environment.

    Returns:
        The note that stands there (one of ours, or one that has run out; "" for none), and whether
        there was any waiting: then what was decided before may be decided otherwise now.

    Raises:
        Locked: they still do after that time.
    """
    begin, told, waited = time.monotonic(), False, False
    limit = WAIT if patience is None else patience
    while True:
        _, refs = head.look(world)
        there = refs.get(ref(name), "")
        if not there or there in _ours(world, name):
            return there, waited
        lock = read(world, there)
        if lock.expired:
            return there, waited
        since = time.monotonic() - begin
        if since >= limit:
            raise Locked(
                f"{name} is being deployed by {lock.spoken()}",
                where=f"{ref(name)} of {world.config.remotes.deployments.url}",
                fix="wait for it to end, then run the same again; if it has died:"
                f' doit unlock:{name} --by=NAME --why="TEXT"',
            )
        if since >= _QUIET and not told:
            print(f"waiting up to {limit:g} s for {lock.spoken()}", file=sys.stderr, flush=True)
            told = True
        waited = True
        time.sleep(_LOOKS)


def take(world: World, name: str, patience: float | None = None) -> bool:
    """Hold the lock of an environment, newly or still, with a whole lease ahead.

    Returns:
        Whether others held it in between: what was decided before must be decided afresh.

    Raises:
        Locked: somebody else has it.
        SlipwayError: the remote takes no locks, or cannot be reached.
    """
    waited = False
    while True:
        there, more = wait(world, name, patience)
        mine, waited = _ours(world, name), waited or more
        new = _written(world, name)
        # Known to be ours before it stands there: a run that dies here is gone on with.
        world.write_json(paths.deploy_lock(name), {"commits": [new, *mine[:1]]})
        try:
            notes.put(world, ref(name), new, there)
        except remotes.RefTaken:
            waited = True
            continue
        if there and there not in mine:
            dead = read(world, there).spoken()
            journal.say(f"took the lock over from {dead}")
            add(world, name, "lock taken over", {"By": deployed_by(), "Was": dead})
            waited = True
        return waited


def _written(world: World, name: str) -> str:
    lease = world.config.deployments.lease
    fields = {
        "By": deployed_by(),
        "Where": f"{platform.node() or 'a machine without a name'}, process {os.getpid()}",
        "Until-Second": str(int(time.time() + lease)),
    }
    return notes.write(world, f"{name} is being deployed", fields)


def release(world: World, name: str) -> None:
    """Give our lock of an environment up, if we have one; another's stays.

    Raises:
        SlipwayError: the remote cannot be reached; the note of it stays, for the next run.
    """
    if not world.path(paths.deploy_lock(name)).exists():
        return
    there = remotes.ls(head.address(world)).get(ref(name), "")
    if there and there in _ours(world, name):
        try:
            notes.put(world, ref(name), "", there)
        except remotes.RefTaken:
            journal.say(f"the lock of {name} is not ours any more")
    world.path(paths.deploy_lock(name)).unlink(missing_ok=True)


def standing(world: World, name: str) -> Lock | None:
    """Return the lock that stands on an environment now; None for none."""
    _, refs = head.look(world)
    there = refs.get(ref(name), "")
    return read(world, there) if there else None
