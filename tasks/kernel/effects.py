"""Effects: all change to the world outside `build/`. Observe, act, verify, receipt; no other way.

An effect is told by five functions. `want` reads facts and says what should be true outside,
`observe` asks the outside whether it is, `act` makes it so and `claims` names, purely, what will
then be there. `plan` uses the same functions and stops before `act`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from . import journal, paths
from .errors import SlipwayError
from .receipts import Claims
from .world import Forecast, World

W = TypeVar("W")
_TRIES = 10  # decisions that others may spoil in a row


@dataclass(frozen=True, slots=True)
class Skip:
    """There is nothing to want, and that is success.

    Attributes:
        why: for the screen and the receipt.
        claims: what stands outside and is the reason; when that goes, the effect looks again.
    """

    why: str
    claims: Claims = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What observe found.

    Attributes:
        done: everything that is wanted stands outside.
        says: in words, for `plan` and the screen ("0 of 4 there", "free").
        facts: what the receipt keeps besides the claims (a remote digest, a pull request's number);
            when it is not done yet, what they will be, with `UNKNOWN` for what only the act will
            tell.
    """

    done: bool
    says: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect(Generic[W]):
    """One change outside, told in functions.

    Attributes:
        task: the doit task's name.
        want: facts in, the wanted thing out; or `Skip`.
        observe: asks the outside afresh; raises when a thing stands there that differs, and
            `Declined` when the other side does not answer that.
        act: makes the wanted thing; may rely on what observe saw; returns words for the screen.
        claims: what stands outside afterwards, from the wanted thing and what was observed.
        means: in words, what it is about to change outside ("tag 0.42.0-rc.1 at 7f3c2a1").
        port: where it acts, for `plan`.
        leave: writes the further facts that it leaves besides its receipt.
    """

    task: str
    port: str
    want: Callable[[World], W | Skip]
    observe: Callable[[World, W], Seen]
    act: Callable[[World, W, Seen], str]
    claims: Callable[[W, Seen], Claims]
    means: Callable[[W], str]
    leave: Callable[[World, W, Seen], None] | None = None


class Skipped(str):
    """Words for the screen of a task that had nothing to do."""

    __slots__ = ()


class Acted(str):
    """Words for the screen of an effect that changed something outside in this very run."""

    __slots__ = ()


class Next(str):
    """Words for the screen of a command that is to go on with a run of some tasks.

    Args:
        says: the words.
        tasks: what doit is to forget, and to run in the same invocation.
    """

    tasks: tuple[str, ...]

    def __new__(cls, says: str, tasks: tuple[str, ...]) -> Self:
        """Keep the tasks beside the words."""
        made = super().__new__(cls, says)
        made.tasks = tasks
        return made


class Again(SlipwayError):
    """The outside moved between the decision and the act: decide afresh."""


class Declined(SlipwayError):
    """The other side does not take it, and nothing hangs on that: said, and not tried again."""


def killed_here(point: str) -> None:
    """Die as by `kill -9` if the environment says so here: the tests' way to cut a run anywhere."""
    if os.environ.get("SLIPWAY_KILL_AT") == point:
        os.kill(os.getpid(), signal.SIGKILL)


def receipt_of(claims: Claims, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the receipt: what is true outside now, never "we ran"."""
    return {"claims": claims, **facts}


def _receipt_of_none(skip: Skip) -> dict[str, Any]:
    return {"claims": skip.claims, "skipped": skip.why}


def _receipt_of_no(no: Declined) -> dict[str, Any]:
    return {"claims": {}, "declined": no.what}


def _observe_again(effect: Effect[W], world: World, wanted: W, error: SlipwayError) -> Seen:
    """Ask again after a failed act: the reply may have been lost, or somebody else was quicker."""
    journal.say(f"act failed: {error}\nobserving again")
    seen = effect.observe(world, wanted)
    if not seen.done:
        raise error
    return seen


def carry_out(effect: Effect[W], world: World) -> str:
    """Observe, act when needed, verify, write the receipt.

    Returns:
        Words for the screen.

    Raises:
        SlipwayError: as observe or act raise, or when what was made cannot be seen afterwards.
    """
    for _ in range(_TRIES - 1):
        try:
            return _carry_out_once(effect, world)
        except Again as moved:
            journal.say(f"deciding afresh: {moved}")
    return _carry_out_once(effect, world)


def _carry_out_once(effect: Effect[W], world: World) -> str:
    wanted = effect.want(world)
    if isinstance(wanted, Skip):
        world.write_json(paths.receipt(effect.task), _receipt_of_none(wanted))
        return Skipped(wanted.why)
    try:
        seen = effect.observe(world, wanted)
        journal.say(f"observed: {seen.says}")
        killed_here(f"{effect.task}:observed")
        says = seen.says
        if not seen.done:
            says, seen = _make(effect, world, wanted, seen)
    except Declined as no:
        journal.say(f"declined: {no}")
        world.write_json(paths.receipt(effect.task), _receipt_of_no(no))
        return Skipped(no.what)
    if effect.leave:
        effect.leave(world, wanted, seen)
    world.write_json(
        paths.receipt(effect.task), receipt_of(effect.claims(wanted, seen), seen.facts)
    )
    killed_here(f"{effect.task}:recorded")
    return says


def _make(effect: Effect[W], world: World, wanted: W, seen: Seen) -> tuple[str, Seen]:
    """Act, then look whether it is there; return words for the screen and what was seen at last."""
    try:
        says = effect.act(world, wanted, seen)
    except (Again, Declined):
        raise
    except SlipwayError as error:
        seen = _observe_again(effect, world, wanted, error)
        return f"{seen.says} (adopted)", seen
    killed_here(f"{effect.task}:acted")
    journal.say(f"acted: {says}")
    journal.effect(effect.task, effect.means(wanted))
    seen = effect.observe(world, wanted)
    if not seen.done:
        raise SlipwayError(
            f"{effect.means(wanted)}: done, but it cannot be seen afterwards ({seen.says})",
            where=effect.port,
            fix="look at the other side, then run the same again",
        )
    return Acted(says), seen


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a plan says of one task that would run.

    Attributes:
        says: in words, what would come of it.
        port: where it would act; empty when nothing outside would change.
        means: what it would change there.
        waits: it is a gate that would stay closed.
    """

    says: str = ""
    port: str = ""
    means: str = ""
    waits: bool = False


def foresee(effect: Effect[W], world: Forecast) -> Foreseen:
    """Walk an effect up to its act, and write into the forecast what it would leave.

    Raises:
        SlipwayError: as observe does: the run would end here with the same words.
    """
    receipt = paths.receipt(effect.task)
    wanted = effect.want(world)
    if isinstance(wanted, Skip):
        world.write_json(receipt, _receipt_of_none(wanted))
        return Foreseen(wanted.why)
    try:
        seen = effect.observe(world, wanted)
    except Declined as no:
        world.write_json(receipt, _receipt_of_no(no))
        return Foreseen(no.what)
    claims = effect.claims(wanted, seen)
    for port, names in claims.items():
        world.see(port, world.sightings(port) | names)
    if effect.leave:
        effect.leave(world, wanted, seen)
    world.write_json(receipt, receipt_of(claims, seen.facts))
    if seen.done:
        return Foreseen(seen.says)
    return Foreseen(seen.says, effect.port, effect.means(wanted))
