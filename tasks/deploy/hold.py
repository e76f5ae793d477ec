"""`rollback:ENV` and `resume:ENV`: an environment goes back to an earlier state, and stays there.

The decision is a note on the deployments remote. `promotion:ENV` then wants the files of that
state, and `deploy:ENV` plans, applies, judges and records them as any others; newer ones wait until
somebody resumes. Data are not rolled back: what a newer release wrote is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..forge import Yank
from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.asking import confirm, or_variable, who_and_why
from ..kernel.errors import Failed, SlipwayError, WrongUsage
from ..kernel.redact import printable
from ..kernel.templates import render
from ..kernel.waiting import said_yes
from ..kernel.world import World
from ..promotion import decided, fact_of, head, notes, repository_of, settings_at, withdrawn
from . import preview
from .chart import chart_in
from .manifests import changed
from .past import add

if TYPE_CHECKING:
    from ..promotion import engine

_FAR = 200  # states that are looked back at


@dataclass(frozen=True, slots=True)
class Recorded:
    """A state that an environment was recorded with.

    Attributes:
        commit: the one that recorded it.
        at: when, in seconds since 1970.
        record: what it says.
        message: of the commit, with its trailers.
    """

    commit: str
    at: int
    record: engine.Record
    message: str


def recorded(world: World, name: str, most: int = _FAR) -> list[Recorded]:
    """Return the states that an environment was recorded with, the newest first; asks the remote.

    Raises:
        SlipwayError: the remote cannot be read.
    """
    from ..promotion import engine

    at, repository = head.ask(world).commit, repository_of(world)
    settings = settings_at(world, repository, at)
    path = settings.state_path(name)
    how = ("log", f"--max-count={most}", "--format=%H%x00%ct%x00%B%x01", at, "--", path)
    found: list[Recorded] = []
    for told in g.text("--literal-pathspecs", *how, repo=repository.path).split("\x01"):
        if not told.strip():
            continue
        commit, when, message = told.lstrip("\n").split("\0", 2)
        try:
            record = engine.records_at(repository, commit, settings).get(name)
        except SlipwayError:
            continue  # of an older form: nobody can go back there
        if record is not None:
            found.append(Recorded(commit, int(when), record, message))
    return found


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
    known, at = recorded(world, name), head.ask(world)
    target, gone = _target(world, at, name, known, or_variable(to, "to"))
    _show(world, name, known[0], target, gone, plan=plan)
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
    _hold(world, name, target, gone, by, why)
    print(printable(f"\n{name} is to have state {target.record.version}, until it is resumed."
                    f"\nnext     doit deploy:{name}"))  # fmt: skip
    return ""


def _show(
    world: World, name: str, now: Recorded, target: Recorded, gone: Yank | None, *, plan: bool
) -> None:
    """Print what going back would change, as much as fits a screen; the log has the whole."""
    environment, state = world.config.environments[name], target.record.current
    fact = fact_of(environment, state, state.head_commit)
    found = {
        "environment": name,
        "now": now.record.version,
        "version": target.record.version,
        "since": notes.spoken(target.at),
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


def _hold(world: World, name: str, target: Recorded, gone: Yank | None, by: str, why: str) -> None:
    """Hold the environment at a state.

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
    world: World, at: head.Head, name: str, known: list[Recorded], to: str
) -> tuple[Recorded, Yank | None]:
    """Return the state to go back to, and how its release was yanked, if it was.

    It is the one that is named, else the last one with other files whose release was not yanked.

    Raises:
        Failed: there is none.
        WrongUsage: `--to` names no state, or the one that is there.
    """
    if not known:
        raise Failed(f"{name} was never deployed: there is nothing to go back to")
    now = known[0].record
    others = [one for one in known[1:] if one.record.current.hashes() != now.current.hashes()]
    states = ", ".join(str(one.record.version) for one in others[:10]) or "none"
    if not to:
        if not others:
            raise Failed(f"{name} has had no other state than the one it has")
        return _newest_good(world, at, name, others), None
    for one in others:
        if str(one.record.version) == to.removeprefix("state").strip():
            return one, _yank(world, at, one)
    raise WrongUsage(f"--to={to}: no earlier state of {name} is that, with other files than now",
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
