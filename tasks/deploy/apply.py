"""`apply:ENV`: the saved plan is applied, once, and only to the state that it was made for.

What it has begun stands in a note beside the plan until its receipt is written, and that it came to
its end as well (`begun`). So an apply that was cut off is told from a state that somebody else has
changed: the first is gone on with by a fresh plan for the same files, the second is shown again
before anything happens.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

from ..kernel import graph, journal, paths, remotes
from ..kernel.effects import Again, Effect, Seen, killed_here, receipt_of
from ..kernel.errors import Failed, SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from ..promotion import head, state_in, wanted_by
from . import allowed, asked, begun, live, lock, lost, tfplan
from .chart import chart_in
from .prepare import in_words, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..terraform import Plan, Terraform

_MOST = 20  # lines, or addresses, that are told


@dataclass(frozen=True, slots=True)
class Wanted:
    """An environment as its files say.

    Attributes:
        name: of the environment.
        promoted: the fact `promotion`.
        plan: the fact `tfplan`.
    """

    name: str
    promoted: dict[str, Any]
    plan: dict[str, Any]

    @property
    def key(self) -> str:
        """The key of the files."""
        return str(self.promoted["key"])


def want(name: str, world: World) -> Wanted:
    """Want the plan applied.

    Raises:
        Failed: it is one for other files.
    """
    wanted = Wanted(name, wanted_by(world, name), world.json(paths.tfplan(name)))
    if wanted.plan["key"] != wanted.key:
        _refuse(world, wanted, "it was made for other files")
    return wanted


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the state; when it is not the one that was planned for, plan again, but keep nothing."""
    told = {"key": wanted.key, "plan": wanted.plan["plan"]}
    unknown = {**told, **dict.fromkeys(("serial", "lineage", "outputs", "live"), UNKNOWN)}
    if world.dry:
        return Seen(False, _expected(wanted.plan), unknown)
    tfplan.go_on(world, wanted.name)
    terraform = opened(world, wanted.promoted)
    at = terraform.state()
    if begun.is_finished(world, wanted.name, wanted.plan["plan"], at):
        return _nothing_to_apply(world, wanted, terraform, at, "it is applied")
    if _same(wanted, at):
        if not wanted.plan["empty"]:
            return Seen(False, in_words(wanted.plan["summary"]), unknown)
        return _nothing_to_apply(world, wanted, terraform, at, "nothing would change")
    with remotes.scratch(world, f"apply:{wanted.name}") as folder:
        now = terraform.plan(folder / "now.tfplan", lock=False)
    if now.empty:
        return _nothing_to_apply(world, wanted, terraform, at, "everything is as wanted")
    return Seen(False, f"the state is another one by now: {in_words(now)}", unknown)


def _nothing_to_apply(
    world: World, wanted: Wanted, terraform: Terraform, at: tuple[int, str], says: str
) -> Seen:
    """Look at what runs, which Terraform knows nothing of: pods may be dead."""
    chart = chart_in(world, state_in(wanted.promoted))
    found = live.look(world, wanted.name) if chart else live.Found(live.NONE)
    facts = {
        "key": wanted.key,
        "plan": wanted.plan["plan"],
        "serial": at[0],
        "lineage": at[1],
        "outputs": terraform.outputs(),
        "live": found.state,
    }
    return Seen(found.well, says if found.well else found.spoken(), facts)


def _expected(plan: dict[str, Any]) -> str:
    if plan["plan"] == UNKNOWN:
        return "as the plan will say"
    return tfplan.says(plan["empty"], plan["summary"])


def _same(wanted: Wanted, at: tuple[int, str]) -> bool:
    return at == (wanted.plan["serial"], wanted.plan["lineage"])


def act(world: World, wanted: Wanted, seen: Seen) -> str:
    """Apply the saved plan; a fresh one where our own apply was cut off.

    Raises:
        Again: others were at work in this environment; what is wanted may be there by now.
        Gate: it is frozen.
        Failed: the plan went stale, would destroy something, or Terraform failed.
    """
    name = wanted.name
    if lock.take(world, name):
        raise Again(f"others had {name} in between")
    killed_here(f"apply:{name}:locked")
    now = _refuse_moved(world, wanted)
    if seen.facts["live"] in live.ILL:
        return live.revive(world, name)
    terraform, plan = opened(world, wanted.promoted), wanted.plan
    if not _same(wanted, terraform.state()):
        if not begun.was_cut_off(world, name, plan["plan"]):
            _refuse(world, wanted, "the state has changed since it was made")
        allowed.ask(world, now, wanted.promoted, plan)
        return _go_on(world, wanted, terraform)
    _refuse_destruction(name, plan["destroys"], plan["protected"])
    allowed.ask(world, now, wanted.promoted, plan)
    return _apply(world, wanted, terraform)


def _apply(world: World, wanted: Wanted, terraform: Terraform) -> str:
    """Apply the very plan that was saved, whose file ends with it."""
    from ..terraform import Stale

    file = world.path(paths.tfplan_file(wanted.name))
    if not file.is_file() or sha256(file.read_bytes()).hexdigest() != wanted.plan["plan"]:
        _refuse(world, wanted, "its file is gone, or is another one")
    begun.begin(world, wanted.name, wanted.plan["plan"])
    try:
        terraform.apply(file)
    except Stale:
        _refuse(world, wanted, "the state changed just now")
    except SlipwayError:
        with suppress(SlipwayError):  # what Terraform said goes first
            lost.keep(world, wanted.name, terraform.state())
        raise
    return _finished(world, wanted, terraform, in_words(wanted.plan["summary"]))


def _finished(world: World, wanted: Wanted, terraform: Terraform, says: str) -> str:
    """Note that Terraform is done, and tell what differs all the same.

    Raises:
        Failed: it has worked on another state than it planned for.
    """
    killed_here(f"apply:{wanted.name}:terraform")
    at = terraform.state()
    if wanted.plan["lineage"] not in ("", at[1]):
        raise Failed(f"{wanted.name} has another state than the plan was made for")
    begun.finished(world, wanted.name, wanted.plan["plan"], at)
    try:
        with remotes.scratch(world, f"apply:{wanted.name}") as folder:
            now = terraform.plan(folder / "now.tfplan", lock=False)
    except SlipwayError as error:  # it is applied all the same
        return f"{says}\nwhat differs still could not be asked: {error.what}"
    if now.empty:
        return says
    lasting = f"applied, and yet a next plan would say: {in_words(now)}; that is left so"
    return "\n".join([says, lasting, *now.lines[:_MOST]])


def _refuse_moved(world: World, wanted: Wanted) -> head.Head:
    """Refuse when the environment should have something else by now, or nothing at all.

    Returns:
        Where the deployments stand now.

    Raises:
        Failed: its files, its gate, a hold or a freeze changed since the plan was made.
    """
    now = head.ask(world)
    if why := allowed.moved(world, now, wanted.promoted):
        _refuse(world, wanted, why)
    return now


def _go_on(world: World, wanted: Wanted, terraform: Terraform) -> str:
    """Finish what our own apply has begun."""
    with remotes.scratch(world, f"apply:{wanted.name}") as folder:
        plan: Plan = terraform.plan(folder / "rest.tfplan")
        _refuse_destruction(wanted.name, plan.destroys, plan.protected)
        journal.say(f"an apply was cut off; the rest of it: {in_words(plan)}")
        terraform.apply(folder / "rest.tfplan")
    says = f"{in_words(plan)} (the rest of an apply that was cut off)"
    return _finished(world, wanted, terraform, says)


def _refuse(world: World, wanted: Wanted, why: str) -> NoReturn:
    """Drop the plan and say so.

    Raises:
        Failed: always.
    """
    if not world.dry:
        tfplan.forget(world, wanted.name)
    raise Failed(
        f"the plan of {wanted.name} went stale: {why}",
        fix=f"the same command plans again: doit deploy:{wanted.name}",
    )


def _refuse_destruction(name: str, destroys: Sequence[str], protected: Sequence[str]) -> None:
    """Refuse a plan that takes something away for good, unless somebody said that it may.

    Raises:
        Failed: naming what it would destroy.
    """
    lost = list(dict.fromkeys([*destroys, *protected]))
    lost = [address for address in lost if not asked.may_destroy(name, address)]
    if lost:
        some = f"{len(lost)} thing{'s' if len(lost) > 1 else ''}"
        raise Failed(
            f"the plan of {name} would destroy {some}",
            detail=lost[:_MOST],
            fix="take them back into the files; if they are to go, name them:"
            f" {asked.to_type(name, lost[:_MOST])}",
        )


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim that what was installed lives.

    No observer asks Terraform's states, which others change as well.
    """
    return {live.port(wanted.name): {live.RELEASE: seen.facts["live"]}}


def leave(world: World, wanted: Wanted, seen: Seen) -> None:
    """Drop the plan: it has been seen to be finished.

    The lock is for the record to give up. Where none will be made, since it is no part of this run
    or the receipt that it follows stays as it is (pods were started again), it ends here.
    """
    if world.dry:
        return
    name, receipt = wanted.name, receipt_of(claims(wanted, seen), seen.facts)
    same = world.json_or(paths.receipt(f"apply:{name}"), None) == receipt
    if same or graph.runs(f"deploy:{name}") is False:
        lock.release(world, name)
    tfplan.drop_file(world, name)


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"terraform apply in {wanted.name}: {_expected(wanted.plan)}"


def effect(name: str) -> Effect[Wanted]:
    """Return the effect for an environment."""
    return Effect(
        f"apply:{name}", "terraform", partial(want, name), observe, act, claims, means, leave
    )
