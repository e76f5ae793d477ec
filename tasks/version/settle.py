"""The effect `version`: decide the head's version, and reserve it before anything is made of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..kernel import paths, remotes
from ..kernel.effects import Again, Effect, Seen
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import World
from ..source import fingerprints
from .candidates import Decision, NothingToRelease, decide
from .commits import Commit
from .history import look, rules_at
from .sight import RESERVATIONS, Sight, View


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided.

    Attributes:
        decision: the version; None when there is nothing to release and never was a candidate.
        reserve: its number has to be reserved.
        reason: one line for people.
        prefix: what stands before the version in a tag's name.
    """

    decision: Decision | None
    reserve: bool
    reason: str
    prefix: str


def tag_prefix(world: World, commit: str) -> str:
    """Return what stands before the version in a tag: as configured, else as `cog.toml` has it."""
    return world.config.release.tag_prefix or rules_at(world.mirror("source"), commit).tag_prefix


def _refs(world: World) -> Mapping[str, str]:
    """Return the source's refs: afresh in a run, which may have tagged; in a plan as foreseen."""
    if world.dry:
        return world.sightings("source")
    return remotes.ls(remotes.address(world, world.config.remotes.source))


def view_of(mirror: Path, head: str, refs: Mapping[str, str]) -> View:
    """Return the repository as seen from the head, with refs that the mirror does not have yet.

    Args:
        mirror: our copy of the source.
        head: the commit to look from.
        refs: the refs as they are, or will be: full name → commit.
    """
    view = look(mirror, head)
    tags, reservations = dict(view.tags), dict(view.reservations)
    newer: set[str] = set()
    for name, commit in refs.items():
        kept, prefix = (
            (reservations, RESERVATIONS) if name.startswith(RESERVATIONS) else (tags, "refs/tags/")
        )
        if name.startswith(prefix) and kept.get(name.removeprefix(prefix)) != commit:
            kept[name.removeprefix(prefix)] = commit
            newer.add(commit)
    return view._replace(
        tags=tags,
        reservations=reservations,
        reachable=partial(_reachable, mirror, view, frozenset(newer)),
    )


def _reachable(mirror: Path, view: View, newer: frozenset[str], commit: str) -> Collection[str]:
    near = {other for other in newer if remotes.is_ancestor(mirror, other, commit)}
    return near.union(view.reachable(commit))


def _fingerprint(mirror: Path, sets: Mapping[str, tuple[str, ...]], commit: str) -> str:
    told, _ = fingerprints(mirror, commit, sets)
    text = "".join(f"{name}\n{told[name]}" for name in sorted(told))
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def commits_since_release(world: World, head: str) -> tuple[list[Commit], str]:
    """Return the commits that decide the next version, and the release before them, in words."""
    mirror = world.mirror("source")
    view = view_of(mirror, head, world.sightings("source"))
    rules = rules_at(mirror, head)._replace(tag_prefix=tag_prefix(world, head))
    current = Sight.of(view, rules).current
    if current is None:
        return list(view.commits(None)), "the beginning"
    commits = [] if current.commit == head else view.commits(current.commit)
    return list(commits), current.name


def want(world: World) -> Settled:
    """Decide, from the head of this run."""
    config = world.config
    head = world.json(paths.HEAD)["commit"]
    mirror = world.mirror("source")
    prefix = tag_prefix(world, head)
    rules = rules_at(mirror, head)._replace(tag_prefix=prefix)
    sets = {name: config.inputs[name] for name in config.release_inputs}
    refs = _refs(world)
    view = view_of(mirror, head, refs)
    found = decide(view, rules, partial(_fingerprint, mirror, sets))
    if isinstance(found, NothingToRelease):
        return Settled(found.kept, False, f"nothing to release: {found.reason}", prefix)
    # A tag that stands is worth as much as a reservation; candidates made before us have no other.
    tagged = refs.get(f"refs/tags/{prefix}{found.version}") == found.commit
    return Settled(found, found.reserve and not tagged, found.reason, prefix)


def is_in_question(world: World) -> bool:
    """Say whether the head is a candidate, or becomes one, and was not released yet."""
    head = world.json(paths.HEAD)["commit"]
    try:
        settled = want(world)
    except SlipwayError:
        return False  # the effect itself says what is wrong
    decision = settled.decision
    if decision is None or decision.commit != head:
        return False
    return bool(_refs(world).get(f"refs/tags/{settled.prefix}{decision.core}") != head)


def _ref(wanted: Settled) -> str:
    return RESERVATIONS + (wanted.decision.version if wanted.decision else "")


def observe(world: World, wanted: Settled) -> Seen:
    """Look whether the number is reserved, for this commit or for another."""
    if wanted.decision is None:
        return Seen(True, wanted.reason)
    says = f"{wanted.decision.version}  ({wanted.reason})"
    if not wanted.reserve:
        return Seen(True, says)
    there = remotes.ls(remotes.address(world, world.config.remotes.source)).get(_ref(wanted))
    if there == wanted.decision.commit:
        return Seen(True, says)
    return Seen(False, f"{wanted.decision.version} is {'taken' if there else 'free'}")


def act(world: World, wanted: Settled, _seen: Seen) -> str:
    """Reserve the number by a create-only push.

    Raises:
        Again: another run was quicker, for another commit.
    """
    assert wanted.decision  # observe is done without one  # noqa: S101
    where = remotes.address(world, world.config.remotes.source)
    try:
        remotes.push(world, "source", where, _ref(wanted), wanted.decision.commit, "")
    except remotes.RefTaken as error:
        raise Again(error.what) from None
    return f"{wanted.decision.version}  ({wanted.reason})"


def claims(wanted: Settled, _seen: Seen) -> Claims:
    """Claim the reservation; a candidate that has only its tag claims nothing here."""
    if wanted.decision is None or (wanted.decision.reserve and not wanted.reserve):
        return {}
    return {"source": {_ref(wanted): wanted.decision.commit}}


def means(wanted: Settled) -> str:
    """Say what it changes."""
    decision = wanted.decision
    return f"reserve {decision.version} for {decision.commit[:7]}" if decision else "nothing"


def leave(world: World, wanted: Settled, _seen: Seen) -> None:
    """Write the version, and what the candidate is made from, for everything downstream."""
    config, decision = world.config, wanted.decision
    world.write_json(paths.VERSION, _plain(decision, wanted.prefix))
    told: dict[str, str] = {}
    if decision:
        told, _ = fingerprints(world.mirror("source"), decision.commit, config.inputs)
    for name in config.inputs:
        content = told.get(name, "nothing to release\n")
        world.write(paths.candidate_input(name), content.encode("utf-8", "surrogateescape"))


def _plain(decision: Decision | None, prefix: str) -> dict[str, Any]:
    """Return the fact `version`: the same in every run that names the same candidate."""
    if decision is None:
        return {"version": None}
    return {
        "version": decision.version,
        "core": decision.core,
        "commit": decision.commit,
        "tag": prefix + decision.version,
        "previous": decision.previous,
        "previous_commit": decision.previous_commit,
    }


EFFECT = Effect("version", "source", want, observe, act, claims, means, leave)
