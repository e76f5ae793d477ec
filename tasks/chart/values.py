"""The effects `chart:values:PLACE`: a place's rendered values, in a commit on the deployments.

Each place has an effect of its own: what is wrong with the values of one holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Effect, Seen, Skip
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from ..promotion import decided, head, notes
from .places import TESTFLIGHT, root_of
from .rendering import NOTHING, OWN, file_of, rendered

TASK = "chart:values"
_BOT = ("Slipway", "slipway@localhost")
_LATER = 1  # seconds after the commit below: the same facts always make the same commit


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rendered values that should stand in the deployments repository.

    Attributes:
        place: whose.
        file: their path there.
        content: the values.
        why: in words, what keeps them from being rendered afresh; "" when nothing does.
        hold: the ref that holds the place then → its commit: without it they are rendered again.
    """

    place: str
    file: str
    content: bytes
    why: str = ""
    hold: Mapping[str, str] = field(default_factory=dict)


def want(place: str, world: World) -> Wanted | Skip:
    """Want a place's own values, rendered; those that stand while it is held and has bad ones.

    A held environment gets none of them, and a rollback must not wait for their mending.

    Raises:
        SlipwayError: they are not valid, or the place has no folder.
    """
    file = file_of(world.config, place, paths.RENDERED)
    try:
        _refuse_missing(world, place)
        return Wanted(place, file, rendered(world, place))
    except SlipwayError as error:
        found = _while_held(world, place, file, error)
        if found is None:
            raise
        return found


def _refuse_missing(world: World, place: str) -> None:
    commit, root = head.head_of(world).commit, root_of(world.config, place)
    if root == "." or commit == UNKNOWN:
        return
    listed = ("--literal-pathspecs", "ls-tree", "-d", commit, "--", root)
    if not g.text(*listed, repo=head.mirror(world)).startswith("040000 tree"):
        key = f"environments.{place}" if place in world.config.environments else TESTFLIGHT
        raise SlipwayError(
            f"{place} has no folder {root} in the deployments at {commit[:7]}",
            where=world.config.where(f"{key}.root"),
            fix=f"commit {root}/ with its {OWN} there, or correct the root",
        )


def _while_held(world: World, place: str, file: str, error: SlipwayError) -> Wanted | Skip | None:
    """Return what a place keeps that is held at an earlier state; None when nothing holds it."""
    now = head.head_of(world)
    hold = decided.hold_on(world, now, place)
    if hold is None:
        return None
    at = f" ({error.where})" if error.where else ""
    why = f"while {place} is held at state {hold.said('State')}: {error.what}{at}"
    ref = {notes.HOLDS + place: hold.commit}
    there = _blob(world, file, now.commit)
    if not there:
        return Skip(f"nothing to keep {why}", {head.REMOTE: ref})
    content = g.git("cat-file", "blob", there, repo=head.mirror(world))
    return Wanted(place, file, content, why, ref)


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask whether the branch has them; else make the commit that would bring them.

    Raises:
        SlipwayError: the place's own values were changed meanwhile.
    """
    # In a plan the head is the one that the run would have left behind by then.
    at = head.head_of(world).commit if world.dry else head.ask(world).commit
    blob = g.text("hash-object", "--stdin", repo=head.mirror(world), stdin=wanted.content)
    if at == UNKNOWN:
        stands = world.sightings(head.REMOTE).get(_name(wanted.place)) == blob
        return Seen(stands, _says(wanted, stands), {"commit": UNKNOWN, "blob": blob})
    _refuse_changed(world, wanted.place, at)
    stands = _blob(world, wanted.file, at) == blob
    commit = at if stands else _commit(world, wanted, at)
    return Seen(stands, _says(wanted, stands), {"commit": commit, "blob": blob})


def _name(place: str) -> str:
    """Return how the observer of the deployments calls a place's rendered values."""
    return f"values:{place}"


def _says(wanted: Wanted, stands: bool) -> str:
    says = "they stand" if stands else f"{wanted.place} is behind"
    return f"{says}, kept {wanted.why}" if wanted.why else says


def _refuse_changed(world: World, place: str, commit: str) -> None:
    """Refuse to render what is not there any more: whoever looks again sees the new one."""
    if commit == head.head_of(world).commit:
        return
    file = file_of(world.config, place, OWN)
    there = remotes.files_at(head.mirror(world), commit, file) or NOTHING
    if there != (world.read(paths.environment_values(place)) or NOTHING):
        raise SlipwayError(
            f"{file} was changed while this run looked at it",
            where=world.config.remotes.deployments.url,
            fix="run the same again",
        )


def _blob(world: World, file: str, commit: str) -> str:
    """Return the blob id of a plain file at a commit; "" when there is none."""
    if commit == UNKNOWN:
        return ""
    listed = ("--literal-pathspecs", "ls-tree", commit, "--", file)
    entry = g.text(*listed, repo=head.mirror(world))
    return entry.split()[2] if entry.startswith("100644 ") else ""


def _commit(world: World, wanted: Wanted, parent: str) -> str:
    """Make the commit in our mirror that has them; no ref is moved."""
    date = int(g.text("log", "-1", "--format=%ct", parent, "--", repo=head.mirror(world))) + _LATER
    message = f"chore(values): render {wanted.place}\n"
    who = g.identity(*_BOT, f"{date} +0000")
    files = {wanted.file: wanted.content}
    return remotes.commit_files(world, head.REMOTE, parent, files, message, who)


def act(world: World, wanted: Wanted, seen: Seen) -> str:
    """Put the commit that observe has made on the branch.

    Raises:
        Again: somebody else has pushed meanwhile.
    """
    commit = seen.facts["commit"]
    parent = g.text("rev-parse", f"{commit}^", repo=head.mirror(world))
    head.push(world, commit, parent)
    return f"chore(values): render {wanted.place} ({commit[:7]})"


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim the very file: what a person writes over it is rendered again."""
    return {head.REMOTE: {_name(wanted.place): seen.facts["blob"], **wanted.hold}}


def leave(world: World, wanted: Wanted, seen: Seen) -> None:
    """Write the rendered values, and have what follows go on from a commit that has them."""
    world.write(paths.rendered_values(wanted.place), wanted.content)
    if _blob(world, wanted.file, head.head_of(world).commit) != seen.facts["blob"]:
        head.advance(world, seen.facts["commit"])


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"commit the rendered values of {wanted.place}"


def effect(place: str) -> Effect[Wanted]:
    """Return the effect for a place."""
    return Effect(
        f"{TASK}:{place}", head.REMOTE, partial(want, place), observe, act, claims, means, leave
    )
