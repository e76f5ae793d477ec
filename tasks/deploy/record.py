"""`deploy:ENV`: what was deployed and answers is recorded, so that the next environment may go on.

The record is a commit in the deployments repository with cepler's file and cepler's words, and with
trailers that say what stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kernel import git as g
from ..kernel import paths
from ..kernel.effects import Again, Effect, Seen
from ..kernel.errors import Failed
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from ..promotion import (
    decided,
    head,
    one_after,
    repository_of,
    settings_at,
    state_in,
    wanted_by,
)
from . import allowed, begun, lock, serial, tfplan
from .chart import chart_in
from .past import deployed_by, failed_since
from .prepare import in_words, opened
from .states import last

if TYPE_CHECKING:
    from ..promotion import engine


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record of what an environment has.

    Attributes:
        name: of the environment.
        promoted: the fact `promotion`.
        applied: the receipt of `apply`.
    """

    name: str
    promoted: dict[str, Any]
    applied: dict[str, Any]

    @property
    def key(self) -> str:
        """The key of the files."""
        return str(self.promoted["key"])


def want(name: str, world: World) -> Wanted:
    """Want what was applied, and is healthy, recorded.

    Raises:
        Failed: the receipt or the verdict is one for other files.
    """
    promoted, applied = wanted_by(world, name), world.json(paths.receipt(f"apply:{name}"))
    for what, told in (("applied", applied), ("healthy", world.json(paths.health(name)))):
        if told["key"] != promoted["key"]:
            raise Failed(
                f"what is {what} in {name} is not what it should have",
                fix=f"doit deploy:{name} does it in order",
            )
    return Wanted(name, promoted, applied)


def _head(world: World) -> str:
    """Return the head afresh; in a plan, the one that it has got to."""
    return head.head_of(world).commit if world.dry else head.ask(world).commit


def _recorded(
    world: World, name: str, commit: str
) -> tuple[engine.Repository, engine.Config, engine.Record | None]:
    from ..promotion import engine

    repository = repository_of(world)
    settings = settings_at(world, repository, commit)
    return repository, settings, engine.records_at(repository, commit, settings).get(name)


def _is(record: engine.Record | None, wanted: Wanted) -> bool:
    """Say whether a record has exactly the wanted files, from where they are wanted from."""
    if record is None:
        return False
    there = {key: file.file_hash for key, file in record.current.files.items()}
    return there == {key: told["file_hash"] for key, told in wanted.promoted["files"].items()}


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the deployments remote what is recorded there."""
    at = _head(world)
    if UNKNOWN in (at, wanted.key):
        facts: dict[str, Any] = {"commit": UNKNOWN, "version": UNKNOWN, "key": wanted.key}
        return Seen(False, "not recorded yet", facts | {"plan": _plan_of(wanted)})
    repository, settings, record = _recorded(world, wanted.name, at)
    version = record.version if record else 0
    if not _is(record, wanted):
        says = f"recorded is state {version}" if record else "nothing is recorded"
        facts = {"commit": UNKNOWN, "version": version + 1, "key": wanted.key}
        return Seen(False, says, facts | {"plan": _plan_of(wanted)})
    path = settings.state_path(wanted.name)
    commit = g.text("log", "-1", "--format=%H", at, "--", path, repo=repository.path)
    facts = {"commit": commit, "version": version, "key": wanted.key, "plan": _plan_of(wanted)}
    missing = _untold(world, wanted, commit)
    says = f"recorded as state {version}"
    return Seen(False, f"{says}, {missing}", facts) if missing else Seen(True, says, facts)


def _untold(world: World, wanted: Wanted, record: str) -> str:
    """Return what the remote does not know yet of the same files applied once more; "" for nothing.

    Something newer may have been tried in between, or a hold may have asked for them.
    """
    if world.dry:
        return ""  # what a plan foresees has no serial yet
    (at, refs), name, applied = head.look(world), wanted.name, wanted.applied
    known = serial.noted(world, name, refs, record)
    if known.serial not in ("", str(applied["serial"])) or (
        known.lineage not in ("", applied["lineage"])
    ):
        return "with another state of Terraform"
    hold = decided.hold_on(world, at, name)
    owed = (
        hold
        and hold.commit == wanted.promoted.get("once_more")
        and decided.is_owed(world, at, name, hold)
    )
    there = last(world, name, at)
    if owed or (there and failed_since(world, refs, name, there)):
        return "and not yet as applied once more"
    return ""


def _plan_of(wanted: Wanted) -> str:
    """Return the plan that brought about what is recorded, for a record that is made again."""
    return str(wanted.applied.get("plan", ""))


def _commit(world: World, wanted: Wanted, parent: str) -> str:
    """Make the record on top of a head; no ref is moved."""
    from ..promotion import engine

    repository, settings, _ = _recorded(world, wanted.name, parent)
    state = state_in(wanted.promoted)
    chart = chart_in(world, state)
    words = [
        engine.message(settings, wanted.name),
        "",
        *(chart.trailers() if chart else []),
        *([f"Slipway-Rollback: {wanted.promoted['held']}"] if wanted.promoted.get("held") else []),
        *serial.trailers(wanted.applied["serial"], wanted.applied["lineage"]),
        f"Slipway-Deployed-By: {deployed_by()}",
    ]
    return engine.record_commit(
        repository, parent, wanted.name, state, settings, words="\n".join(words) + "\n"
    )


def act(world: World, wanted: Wanted, seen: Seen) -> str:
    """Put the record on top of the remote's head; or note the serial beside the one that stands.

    Raises:
        Again: somebody pushed, or had the environment, meanwhile.
        Failed: somebody else has deployed this environment since.
        Locked: somebody else is deploying it.
    """
    if lock.take(world, wanted.name):
        raise Again(f"others had {wanted.name} in between")
    then, now = head.head_of(world).commit, _head(world)
    _refuse_overtaken(world, wanted, then, now)
    _, _, before = _recorded(world, wanted.name, now)
    if before is not None and _is(before, wanted):
        at = wanted.applied["serial"], wanted.applied["lineage"]
        hold = wanted.promoted.get("once_more", "")
        serial.note(world, wanted.name, seen.facts["commit"], before.version, at, hold)
        return f"state {before.version} stays recorded, at serial {at[0]} now"
    _refuse_no(world, wanted)
    commit = _commit(world, wanted, now)
    head.push(world, commit, now)
    return _told(world, wanted, before, commit)


def _refuse_overtaken(world: World, wanted: Wanted, began: str, now: str) -> None:
    """Refuse to write an older deployment over a newer one.

    Raises:
        Failed: the record, or the state of Terraform, is not the one that this run went on from.
    """
    name = wanted.name
    then, there = (_recorded(world, name, commit)[2] for commit in (began, now))
    if then != there and there is not None:
        raise Failed(
            f"somebody else has deployed {name} meanwhile: state {there.version} is recorded",
            fix=f"the same command looks again: doit deploy:{name}",
        )
    at = opened(world, wanted.promoted).state()
    if at != (wanted.applied["serial"], wanted.applied["lineage"]):
        tfplan.forget(world, name)
        raise Failed(
            f"somebody else has applied {name} since: its state is at serial {at[0]},"
            f" ours was {wanted.applied['serial']}",
            fix=f"the same command plans again: doit deploy:{name}",
        )


def _refuse_no(world: World, wanted: Wanted) -> None:
    """Refuse to record what nobody has applied and somebody has decided against meanwhile.

    What was applied, by this run or by one that was killed, is recorded whatever anybody decided:
    it is there. A plan that changes nothing is no proof that nobody has.

    Raises:
        Failed: it was rejected, the environment is held or let go, or its release was yanked.
    """
    name = wanted.name
    if not world.json_or(paths.tfplan(name), {}).get("empty"):
        return
    at, refs = head.look(world)
    before = last(world, name, at)
    if before is None:
        return
    known = serial.noted(world, name, refs, before.commit)
    if known != (str(wanted.applied["serial"]), wanted.applied["lineage"]):
        return
    if why := allowed.decided_against(world, at, wanted.promoted, before.record):
        tfplan.forget(world, name)
        raise Failed(
            f"nothing was applied to {name}, and nothing is recorded: {why}",
            fix=f"the same command looks again: doit deploy:{name}",
        )


def _told(world: World, wanted: Wanted, before: engine.Record | None, commit: str) -> str:
    """Return the deployment in words."""
    from ..promotion import engine

    state = state_in(wanted.promoted)
    changed = len({one.path for one in engine.compare(state, before).differences})
    version = before.version + 1 if before else 1
    files = f"{changed} file{'' if changed == 1 else 's'} changed"
    if _is_told(world, wanted):
        says = f"nothing was applied, it runs already; recorded anew as state {version}"
    else:
        plan = world.json_or(paths.tfplan(wanted.name), {}).get("summary") or {}
        says = f"{files}, terraform {in_words(plan)}; healthy; recorded as state {version}"
    more = _one_more(world, wanted, commit)
    return says + (f"\none more step waits: doit deploy:{wanted.name}" if more else "")


def _is_told(world: World, wanted: Wanted) -> bool:
    """Say whether a record of ours has told of this plan: only the record was lost since then."""
    last = world.json_or(paths.receipt(f"deploy:{wanted.name}"), {})
    return bool(_plan_of(wanted)) and last.get("plan") == _plan_of(wanted)


def _one_more(world: World, wanted: Wanted, commit: str) -> bool:
    repository, settings, _ = _recorded(world, wanted.name, commit)
    if world.config.environments[wanted.name].gate or wanted.promoted.get("held"):
        return False  # how far it may go, the gate or the hold says
    return one_after(repository, commit, settings, wanted.name, state_in(wanted.promoted))


def claims(wanted: Wanted, _seen: Seen) -> Claims:
    """Claim that these very files are recorded."""
    return {"deployments": {f"state:{wanted.name}": wanted.key}}


def leave(world: World, wanted: Wanted, seen: Seen) -> None:
    """Go on from the record, and give the lock up: in a plan, from the one that would be made."""
    if not world.dry:
        lock.release(world, wanted.name)
        begun.forget(world, wanted.name)
    at, commit = head.head_of(world).commit, seen.facts["commit"]
    if world.dry and not seen.done:
        known = UNKNOWN not in (at, wanted.key)
        head.advance(world, _commit(world, wanted, at) if known else UNKNOWN)
        return
    mirror = head.mirror(world)
    if at != commit and g.returncode("merge-base", "--is-ancestor", at, commit, repo=mirror) == 0:
        head.advance(world, commit)


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"record in the deployments what {wanted.name} has"


def effect(name: str) -> Effect[Wanted]:
    """Return the effect for an environment."""
    return Effect(
        f"deploy:{name}", "deployments", partial(want, name), observe, act, claims, means, leave
    )
