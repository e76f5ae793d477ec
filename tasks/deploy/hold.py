"""`rollback:ENV` and `resume:ENV`: an environment goes back to an earlier state, and stays there.

The decision is a note on the deployments remote. `promotion:ENV` then wants the files of that
state, and `deploy:ENV` plans, applies, judges and records them as any others; newer ones wait until
somebody resumes. Data are not rolled back: what a newer release wrote is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..forge import Yank
from ..kernel import journal, paths, remotes
from ..kernel.asking import confirm, or_variable, who_and_why
from ..kernel.errors import Failed, WrongUsage
from ..kernel.redact import printable
from ..kernel.templates import render
from ..kernel.waiting import said_yes
from ..kernel.world import World
from ..promotion import decided, fact_of, head, notes, withdrawn
from . import preview
from .chart import chart_in
from .manifests import changed
from .past import add, failed_since
from .states import Recorded, recorded

if TYPE_CHECKING:
    from ..promotion import engine


def rollback(
    name: str,
    world: World,
    by: str = "",
    why: str = "",
    to: str = "",
    plan: bool = False,
    yes: bool = False,
) -> str:
    """Show an earlier state, ask, and hold the environment at it.

    Args:
        name: of the environment.
        world: whose facts.
        by: who says so.
        why: the reason.
        to: the number of the state; that before with other files when "".
        plan: whether Terraform is asked what it would do.
        yes: go back to a yanked release, too, without asking.
    """
    at, refs = head.look(world)
    known = recorded(world, name, at=at)
    if not known:
        raise Failed(f"{name} was never deployed: there is nothing to go back to")
    tried = failed_since(world, refs, name, known[0])
    target, gone = _target(world, at, name, known, or_variable(to, "to"), tried=bool(tried))
    _show(world, name, known[0], target, gone, tried, plan=plan)
    if gone:
        confirm(
            f"Go back to {gone.version} although it is {gone.spoken}",
            yes=yes or said_yes(),
            command=f"doit rollback:{name} --to={target.record.version} --yes",
        )
    by, why = who_and_why(
        by,
        why,
        command=f"doit rollback:{name}",
        reason="Why does it have to go back? ",
        question=f"Take {name} back",
    )
    _hold(world, name, target, gone, by, why, once_more=target is known[0])
    print(printable(f"\n{name} is to have state {target.record.version}, until it is resumed."
                    f"\nnext     doit deploy:{name}"))  # fmt: skip
    return ""


def _show(
    world: World,
    name: str,
    now: Recorded,
    target: Recorded,
    gone: Yank | None,
    tried: notes.Note | None,
    *,
    plan: bool,
) -> None:
    """Print what going back would change, as much as fits a screen; the log has the whole."""
    environment, state = world.config.environments[name], target.record.current
    fact = fact_of(environment, state, state.head_commit)
    found = {
        "environment": name,
        "now": now.record.version,
        "version": target.record.version,
        "since": notes.spoken(target.at),
        "tried": f"{tried.words}: {tried.said('Error')}" if tried else "",
        "yanked": gone.spoken if gone else "",
        "chart": chart_in(world, state),
        "before": chart_in(world, now.record.current),
        "files": preview.files(_differences(state, now.record)),
        "manifests": changed(world, environment, now.record.current, state),
        "terraform": preview.plan(world, fact) if plan else [],
    }
    form = "deploy/rollback.txt.j2"
    journal.say(render(form, **found, log=""))
    print(printable(render(form, **found, log=paths.log(f"rollback:{name}"))), end="", flush=True)


def _hold(
    world: World,
    name: str,
    target: Recorded,
    gone: Yank | None,
    by: str,
    why: str,
    *,
    once_more: bool,
) -> None:
    """Hold the environment at a state.

    Args:
        world: whose remote.
        name: of the environment.
        target: the state.
        gone: how its release was yanked, if it was.
        by: who says so.
        why: the reason.
        once_more: it is the one that is recorded, and is to be applied again.

    Raises:
        Failed: somebody else was quicker.
    """
    ref, version = notes.HOLDS + name, target.record.version
    before = head.ask(world).notes.get(ref, "")
    fields = {
        "State": str(version),
        "Record": target.commit,
        "By": by,
        "Why": why,
        **({"Yanked": gone.version} if gone else {}),
        **({decided.ONCE_MORE: "yes"} if once_more else {}),
    }
    try:
        notes.put(world, ref, notes.write(world, f"{name} is held", fields, before), before)
    except remotes.RefTaken:
        raise Failed(
            f"somebody else has just held {name}, or let it go on", fix=f"doit rollback:{name}"
        ) from None
    add(world, name, f"back to state {version}", {"Result": "held", **fields})
    journal.effect(f"rollback:{name}", f"held at state {version}, by {by}: {why}")


def _target(
    world: World, at: head.Head, name: str, known: list[Recorded], to: str, *, tried: bool
) -> tuple[Recorded, Yank | None]:
    """Return the state to go back to, and how its release was yanked, if it was.

    It is the one that is named. Else the one that is recorded, where something newer was tried and
    failed; and the last one with other files whose release was not yanked, where nothing was.

    Raises:
        Failed: there is none.
        WrongUsage: `--to` names no state.
    """
    now, number = known[0], to.removeprefix("state").strip()
    others = [
        one for one in known[1:] if one.record.current.hashes() != now.record.current.hashes()
    ]
    if not to:
        if tried:
            return _newest_good(world, at, name, [now, *others]), None
        if not others:
            raise Failed(f"{name} has had no other state than the one it has")
        return _newest_good(world, at, name, others), None
    for one in (now, *others):
        if str(one.record.version) == number:
            return one, _yank(world, at, one)
    states = ", ".join(str(one.record.version) for one in (now, *others[:10]))
    raise WrongUsage(f"--to={to}: no state of {name} is that, or it has the files of a later one",
                     fix=f"states: {states}; doit history:{name} tells of them")  # fmt: skip


def _newest_good(world: World, at: head.Head, name: str, others: list[Recorded]) -> Recorded:
    """Return the newest state whose release was not yanked, and tell of those that were.

    Raises:
        Failed: all were.
    """
    skipped: list[str] = []
    for one in others:
        yank = _yank(world, at, one)
        if yank is None:
            print("".join(f"left out {line}\n" for line in skipped), end="")
            return one
        skipped.append(printable(f"state {one.record.version}: {yank.version} is {yank.spoken}"))
    raise Failed(
        f"the release of each earlier state of {name} was yanked",
        detail=skipped,
        fix=f"a fix is the next release; doit rollback:{name} --to=STATE goes to one all the same",
    )


def _yank(world: World, at: head.Head, one: Recorded) -> Yank | None:
    """Return how the release in a state was yanked; None when it was not."""
    return withdrawn.yank_in(world, at, one.record.current.hashes())


def _differences(state: engine.State, now: engine.Record) -> tuple[engine.Difference, ...]:
    from ..promotion import engine

    return engine.compare(state, now).differences


def resume(name: str, world: World, by: str = "", why: str = "") -> str:
    """Let an environment go on from where it was held."""
    at = head.ask(world)
    hold = decided.hold_on(world, at, name)
    if hold is None:
        print(f"{name} is not held.\nnext     doit deploy:{name}")
        return ""
    print(printable(f"{name} is held at state {hold.said('State')} since {hold.since}"
                    f" by {hold.said('By')}: {hold.said('Why')}"))  # fmt: skip
    by, why = who_and_why(
        by,
        why,
        command=f"doit resume:{name}",
        reason="Why may it go on? ",
        question=f"Let {name} go on",
    )
    try:
        notes.put(world, notes.HOLDS + name, "", hold.commit)
    except remotes.RefTaken:
        raise Failed(f"somebody else has just held {name} anew, or let it go on",
                     fix=f"doit resume:{name} asks again") from None  # fmt: skip
    add(world, name, "goes on", {"Result": "resumed", "By": by, "Why": why})
    journal.effect(f"resume:{name}", f"by {by}: {why}")
    print(printable(f"{name} may go on.\nnext     doit deploy:{name}"))
    return ""
