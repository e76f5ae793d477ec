"""`apply:ENV`: the saved plan is applied, once, and only to the state that it was made for.

What it has begun stands in a note beside the plan until its receipt is written. So an apply that
was cut off is told from a state that somebody else has changed: the first is gone on with by a
fresh plan for the same files, the second is shown again before anything happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

from ..kernel import journal, paths, remotes
from ..kernel.effects import Again, Effect, Seen, killed_here
from ..kernel.errors import Failed
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from ..promotion import head, judge, state_in, wanted_by
from . import asked, live, lock, tfplan
from .chart import chart_in
from .prepare import in_words, opened

if TYPE_CHECKING:
    from ..terraform import Plan, Terraform


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
    terraform = opened(world, wanted.promoted)
    at = terraform.state()
    if _same(wanted, at):
        if not wanted.plan["empty"]:
            return Seen(False, in_words(wanted.plan["summary"]), unknown)
        return _nothing_to_apply(world, wanted, terraform, at, "nothing would change")
    with remotes.scratch(world, f"apply:{wanted.name}") as folder:
        now = terraform.plan(folder / "now.tfplan")
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
        Failed: the plan went stale, would destroy something, or Terraform failed.
    """
    name = wanted.name
    if lock.take(world, name):
        raise Again(f"others had {name} in between")
    killed_here(f"apply:{name}:locked")
    _refuse_moved(world, wanted)
    if seen.facts["live"] in live.ILL:
        return live.revive(world, name)
    terraform, intent = opened(world, wanted.promoted), {"plan": wanted.plan["plan"]}
    if not _same(wanted, terraform.state()):
        if world.json_or(paths.deploy_intent(name), None) != intent:
            _refuse(world, wanted, "the state has changed since it was made")
        return _go_on(world, wanted, terraform)
    _refuse_destruction(name, wanted.plan["lines"], wanted.plan["protected"])
    return _apply(world, wanted, terraform, intent)


def _apply(world: World, wanted: Wanted, terraform: Terraform, intent: dict[str, Any]) -> str:
    """Apply the very plan that was saved, whose file ends with it."""
    from ..terraform import Stale

    file = world.path(paths.tfplan_file(wanted.name))
    if not file.is_file() or sha256(file.read_bytes()).hexdigest() != wanted.plan["plan"]:
        _refuse(world, wanted, "its file is gone, or is another one")
    world.write_json(paths.deploy_intent(wanted.name), intent)
    try:
        terraform.apply(file)
    except Stale:
        _refuse(world, wanted, "the state changed just now")
    return in_words(wanted.plan["summary"])


def _refuse_moved(world: World, wanted: Wanted) -> None:
    """Refuse when the environment should have something else by now, or nothing at all.

    Raises:
        Failed: its files, its gate, a hold or a freeze changed since the plan was made.
    """
    verdict = judge(world, wanted.name, head.ask(world))
    if verdict.fix:
        _refuse(world, wanted, verdict.says)
    if verdict.fact is None or verdict.fact["key"] != wanted.key:
        _refuse(world, wanted, "the environment is to have other files by now")


def _go_on(world: World, wanted: Wanted, terraform: Terraform) -> str:
    """Finish what our own apply has begun."""
    with remotes.scratch(world, f"apply:{wanted.name}") as folder:
        plan: Plan = terraform.plan(folder / "rest.tfplan")
        _refuse_destruction(wanted.name, plan.lines, plan.protected)
        journal.say(f"an apply was cut off; the rest of it: {in_words(plan)}")
        terraform.apply(folder / "rest.tfplan")
    return f"{in_words(plan)} (the rest of an apply that was cut off)"


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


def _refuse_destruction(name: str, lines: list[str] | tuple[str, ...], protected: Any) -> None:
    """Refuse a plan that takes something away for good, unless somebody said that it may.

    Raises:
        Failed: naming what it would destroy.
    """
    lost = [line.split()[1] for line in lines if line.startswith("destroy")]
    lost += [address for address in protected if address not in lost]
    lost = [address for address in lost if not asked.may_destroy(address)]
    if lost:
        some = f"{len(lost)} thing{'s' if len(lost) > 1 else ''}"
        named = ",".join(lost[:20])
        raise Failed(
            f"the plan of {name} would destroy {some}",
            detail=lost[:20],
            fix="take them back into the files; if they are to go, name them:"
            f" doit {asked.DESTROY}='{named}' deploy:{name}",
        )


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim that what was installed lives.

    No observer asks Terraform's states, which others change as well.
    """
    return {live.port(wanted.name): {live.RELEASE: seen.facts["live"]}}


def leave(world: World, wanted: Wanted, _seen: Seen) -> None:
    """Drop the plan, and the note that it was begun: it has been seen to be finished."""
    if not world.dry:
        world.path(paths.deploy_intent(wanted.name)).unlink(missing_ok=True)
        tfplan.drop_file(world, wanted.name)


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"terraform apply in {wanted.name}: {_expected(wanted.plan)}"


def effect(name: str) -> Effect[Wanted]:
    """Return the effect for an environment."""
    return Effect(
        f"apply:{name}", "terraform", partial(want, name), observe, act, claims, means, leave
    )
