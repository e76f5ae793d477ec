"""`promotion:ENV`: which files an environment should have now, and whether it may have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.actions import Gate
from ..kernel.config import Environment
from ..kernel.effects import Foreseen
from ..kernel.errors import SlipwayError
from ..kernel.facts import canonical
from ..kernel.world import UNKNOWN, Forecast, World
from . import answers, decided, freezes, gatefile, once_more, withdrawn
from . import wanted as w
from .head import Head, head_of

if TYPE_CHECKING:
    from . import notes
    from .engine import Config, Pending, Record, Repository


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the question.

    Attributes:
        says: for the screen.
        fact: the fact `promotion`; None when it stays what it was.
        fix: what to type before anything can go on; "" when nothing waits.
        due: the environment is recorded with something else, or with nothing.
        waiting: the files that wait for a human, path → blob id; empty when none do.
        by_hand: they may come because somebody set the gate by hand: nobody was shown them.
    """

    says: str
    fact: dict[str, Any] | None = None
    fix: str = ""
    due: bool = False
    waiting: Mapping[str, str | None] = field(default_factory=dict)
    by_hand: bool = False

    @property
    def key(self) -> str:
        """Of the files that wait for a human; "" when none do."""
        return w.key_of(self.waiting) if self.waiting else ""


@dataclass(frozen=True, slots=True)
class _Case:
    """An environment that is judged.

    Attributes:
        world: whose facts and settings.
        repository: our copy of the deployments.
        head: where they stand.
        settings: `cepler.yml` there.
        environment: which one.
        known: environment → its record there.
    """

    world: World
    repository: Repository
    head: Head
    settings: Config
    environment: Environment
    known: dict[str, Record]

    @property
    def name(self) -> str:
        """The name of the environment."""
        return self.environment.name

    @property
    def recorded(self) -> Record | None:
        """What it was deployed with last; None when it never was."""
        return self.known.get(self.name)

    def pending(self, start: str | None = None, *, origin: bool = False) -> Pending:
        """Return what it should have at a commit, that of its head when None."""
        from .engine import pending

        at, name = self.head.commit, self.name
        return pending(self.repository, at, self.settings, name, start=start, origin=origin)


def judge(
    world: World, name: str, head: Head | None = None, *, heed_freezes: bool = True
) -> Verdict:
    """Return what an environment should have, or what it waits for.

    Args:
        world: whose facts and settings.
        name: of the environment.
        head: where the deployments stand; that of this run when None.
        heed_freezes: whether a freeze makes it wait; False to ask what it holds up.

    Raises:
        SlipwayError: the deployments repository cannot be understood.
    """
    from .engine import records_at

    head, environment = head or head_of(world), world.config.environments[name]
    repository = w.repository_of(world)
    settings = w.settings_at(world, repository, head.commit)
    known = records_at(repository, head.commit, settings)
    case = _Case(world, repository, head, settings, environment, known)
    verdict = _judged(case)
    if heed_freezes:
        verdict = _unless_frozen(case, verdict)
    return once_more.instead(verdict, environment, case.recorded)


def _judged(case: _Case) -> Verdict:
    world, head, recorded = case.world, case.head, case.recorded
    if hold := decided.hold_on(world, head, case.name):
        return withdrawn.unless_known(world, head, _held(case, hold), recorded, hold)
    return withdrawn.unless_yanked(world, head, _unheld(case), recorded)


def _unheld(case: _Case) -> Verdict:
    environment, repository = case.environment, case.repository
    if environment.passed and environment.passed not in case.known:
        return Verdict(
            f"{case.name} waits for {environment.passed}", fix=f"doit deploy:{environment.passed}"
        )
    gates = gatefile.gates_for(case.world, repository, case.head, environment)
    try:
        start, allowed = w.start_of(repository, gates, environment)
    except SlipwayError as error:
        closed = _closed(case)
        if closed.fact is not None:
            return closed  # nothing is due: what the gate says does not matter now
        raise gatefile.useless(case.world, environment, error) from None
    if not allowed:
        return _closed(case)
    if start is not None:
        gatefile.refuse_early(repository, start, case.settings, environment)
    return _due(case, start)


def _held(case: _Case, hold: notes.Note) -> Verdict:
    """Answer for an environment that is to have an earlier state, until somebody lets it go on."""
    from .engine import compare

    state = decided.held_state(case.world, case.repository, hold, case.name)
    fact = w.fact_of(case.environment, state, state.head_commit) | {"held": decided.in_words(hold)}
    held = f"held at state {hold.said('State')} by {hold.said('By')}: {hold.said('Why')}"
    found = compare(state, case.recorded)
    if found.due:
        return Verdict(f"back to an earlier state, {_in_words(found)}; {held}", fact)
    if decided.is_owed(case.world, case.head, case.name, hold):
        fact["once_more"] = hold.commit
        return Verdict(f"state {hold.said('State')} once more, as recorded; {held}", fact)
    return Verdict(f"{case.name} is {held}", fact, f"doit resume:{case.name}")


def _unless_frozen(case: _Case, verdict: Verdict) -> Verdict:
    """Turn something to deploy into a wait while a freeze lasts that nobody made an exception of.

    A rollback never waits: who asks for one has said why.
    """
    if not verdict.due or verdict.fact is None:
        return verdict
    freeze = freezes.frozen(case.world, case.name, case.head.commit)
    if freeze is None:
        return verdict
    if note := decided.excepted(case.world, case.head, case.name, verdict.fact["key"]):
        allowed = f"in spite of the freeze ({note.said('By')}: {note.said('Why')})"
        return replace(verdict, says=f"{verdict.says}; {allowed}")
    says = f"{case.name} is frozen until {freeze.until}: {freeze.reason} ({verdict.says})"
    let = f'doit override:{case.name} --by=NAME --why="TEXT" lets these very files through'
    return Verdict(says, fix=let)


def _due(case: _Case, start: str | None) -> Verdict:
    """Answer for an environment whose gate is open, or names a commit."""
    name, environment, begin = case.name, case.environment, start or case.head.commit
    found = case.pending(start, origin=True)
    modes = w.modes_from(case.repository, found.state, begin)
    fact = w.fact_of(environment, found.state, modes)
    if found.due:
        said = answers.word_on(case.world, case.head.gates, name) if environment.gate else None
        if said and not (said.yes and said.key == fact["key"]):
            return _closed(case)  # a yes is for what was shown
        by_hand, says = environment.gate and not said, _in_words(found)
        if w.one_after(case.repository, begin, case.settings, name, found.state):
            needs = ", and needs a yes of its own" if said else f": doit deploy:{name}"
            says += f"; one more step waits{needs}"
        says += "; its gate was set by hand" if by_hand else ""
        return Verdict(says, fact, due=True, by_hand=by_hand)
    if start is None:
        return Verdict("nothing new", fact)
    beyond = case.pending()
    if not beyond.due:
        return Verdict("nothing new", fact)
    if environment.gate:
        return _waits(name, beyond)
    return Verdict(f"nothing new up to its gate {start[:7]}; behind it {_in_words(beyond)}", fact)


def _closed(case: _Case) -> Verdict:
    """Answer for an environment with a gate that nobody has ever opened, or that says nothing."""
    beyond = case.pending(origin=True)
    if beyond.due:
        return _waits(case.name, beyond)
    modes = w.modes_from(case.repository, beyond.state, case.head.commit)
    return Verdict("nothing new", w.fact_of(case.environment, beyond.state, modes))


def _waits(name: str, beyond: Pending) -> Verdict:
    says = f"{name} waits for a human: {_in_words(beyond)}"
    return Verdict(says, fix=f"doit approve:{name}", waiting=beyond.state.hashes())


def _in_words(found: Pending) -> str:
    if found.recorded is None:
        return f"never deployed, {len(found.state.files)} files"
    return w.files_in_words(found.differences)


def promote(name: str, world: World) -> str:
    """Write the fact `promotion` of an environment.

    Raises:
        Gate: it waits for another environment, or for a human.
    """
    verdict = _remembered(name, world)
    if verdict.fix:
        raise Gate(verdict.says, fix=verdict.fix)
    return verdict.says


def _remembered(name: str, world: World) -> Verdict:
    """Judge, unless head, gates and settings are those of the last time and the fact stands."""
    head, path = head_of(world), paths.promotion(name)
    config = world.config.slice("environments", "gates", "deployments")
    frozen = [one.key for one in freezes.over(world, name, head.commit)]  # the clock is asked, too
    now = [head.commit, head.gates, dict(head.notes), frozen, once_more.asked(), config]
    asked = sha256(canonical(now)).hexdigest()
    last = world.json_or(paths.judged(name), {})
    if last.get("asked") == asked and (last["fix"] or last["fact"] == _digest(world.read(path))):
        return Verdict(last["says"], fix=last["fix"])
    verdict = judge(world, name)
    if verdict.fact is not None:
        world.write_json(path, verdict.fact)
    told = {"says": verdict.says, "fix": verdict.fix, "fact": _digest(world.read(path))}
    world.write_json(paths.judged(name), {"asked": asked, **told})
    return verdict


def _digest(content: bytes | None) -> str:
    return sha256(content or b"").hexdigest()


def foresee(name: str, world: Forecast) -> Foreseen:
    """Foresee it: at a head that only the run will know, the files are not known either."""
    environment = world.config.environments[name]
    if UNKNOWN not in head_of(world).commit:
        verdict = _remembered(name, world)
        return Foreseen(verdict.says, waits=bool(verdict.fix))
    if environment.gate:
        return Foreseen(f"a human decides what {name} gets then", waits=True)
    unknown = {"key": UNKNOWN, "head_commit": UNKNOWN, "propagated_head": None, "commit": UNKNOWN}
    world.write_json(
        paths.promotion(name),
        {"environment": name, "root": environment.root, "files": {}, **unknown},
    )
    return Foreseen("the files as they will be then")
