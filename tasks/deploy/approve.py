"""`approve:ENV`: a human opens an environment's gate for exactly what is shown."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..forge import AFTERWARDS
from ..kernel import journal, paths
from ..kernel.asking import who_and_why
from ..kernel.config import Environment
from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import printable, redact
from ..kernel.templates import render
from ..kernel.world import World
from ..promotion import (
    answers,
    fact_of,
    gates_of,
    head,
    key_of,
    modes_from,
    one_after,
    repository_of,
    settings_at,
    start_of,
    withdrawn,
)
from . import preview
from .chart import chart_in
from .gates import Opening, set_gate
from .manifests import changed
from .origins import commits_of

if TYPE_CHECKING:
    from ..promotion import engine


@dataclass(frozen=True, slots=True)
class Offer:
    """What a human is asked about.

    Attributes:
        environment: whose gate.
        commit: the head of the deployments repository that is shown.
        found: what the environment would have there, against what it has.
        gate: what its gate says now; "" for nothing.
    """

    environment: Environment
    commit: str
    found: engine.Pending
    gate: str


def offer(world: World, name: str) -> Offer | None:
    """Return what waits for an approval; None when that was approved already.

    Raises:
        Failed: nothing is new, it brings a yanked release, which is deployed nowhere any more, or
            the environment before it was never deployed.
    """
    from ..promotion import engine

    environment, at = world.config.environments[name], head.head_of(world)
    repository = repository_of(world)
    settings = settings_at(world, repository, at.commit)
    try:
        found = engine.pending(repository, at.commit, settings, name, origin=True)
    except engine.UpstreamNotDeployed:
        raise Failed(
            f"{name} cannot have anything before {environment.passed} has had it",
            fix=f"doit deploy:{environment.passed}",
        ) from None
    if not found.due:
        raise Failed(
            f"nothing is new for {name}",
            fix=f"doit deploy:{environment.passed or name} brings something, if there is anything",
        )
    if yank := withdrawn.brought(world, at, found.state.hashes(), found.recorded):
        raise Failed(
            f"what waits for {name} brings {yank.version}, which is {yank.spoken}",
            fix=AFTERWARDS,
        )
    if _approved(world, at, settings, environment, found):
        return None
    gates = gates_of(world, repository, at.gates)
    return Offer(environment, at.commit, found, gates.get(name, ""))


def _approved(
    world: World,
    at: head.Head,
    settings: engine.Config,
    environment: Environment,
    found: engine.Pending,
) -> bool:
    """Say whether the very same files may come already: by a yes to them, or a gate set by hand."""
    from ..promotion import engine

    said = answers.word_on(world, at.gates, environment.name)
    if said and not (said.yes and said.key == key_of(found.state.hashes())):
        return False
    repository = repository_of(world)
    gates = gates_of(world, repository, at.gates)
    try:
        start, allowed = start_of(repository, gates, environment)
    except SlipwayError:
        return False  # it names no commit: to approve is to write it anew
    if not allowed:
        return False
    there = engine.pending(repository, at.commit, settings, environment.name, start=start)
    return there.due and there.state.hashes() == found.state.hashes()


def shown(world: World, told: Offer, plan: bool = False) -> tuple[str, str]:
    """Return what would be deployed, for a person to read: what fits a screen, and the whole.

    Args:
        world: whose mirror.
        told: the offer.
        plan: whether Terraform is asked what it would do; else an earlier plan is shown, if any.
    """
    before = told.found.recorded.current if told.found.recorded else None
    at = head.head_of(world)
    no = answers.rejected(world, at.gates, told.environment.name, key_of(told.found.state.hashes()))
    yank = withdrawn.yank_in(world, at, told.found.state.hashes())  # it is there already: a warning
    found = {
        "environment": told.environment.name,
        "rejected": f"{no.by}: {no.why}" if no else "",
        "yanked": yank.spoken if yank else "",
        "branch": at.branch,
        "commit": told.commit,
        "first": before is None,
        "chart": chart_in(world, told.found.state),
        "before": chart_in(world, before),
        "commits": [
            f"{one.commit[:7]}  {one.message}"
            for one in commits_of(world, told.commit, told.found.differences)
        ],
        "files": preview.files(told.found.differences),
        "values": _values(world, told),
        "manifests": changed(world, told.environment, before, told.found.state),
        "terraform": _terraform(world, told, plan),
        "more": _more(world, told),
    }
    log = paths.log(f"approve:{told.environment.name}")
    form = "deploy/approve.txt.j2"
    return render(form, **found, log=log), render(form, **found, log="")


def _more(world: World, told: Offer) -> bool:
    """Say whether another step waits behind what is shown."""
    repository = repository_of(world)
    settings = settings_at(world, repository, told.commit)
    name = told.environment.name
    return one_after(repository, told.commit, settings, name, told.found.state)


def _terraform(world: World, told: Offer, plan: bool) -> list[str]:
    """Return what Terraform would do, as far as it was asked."""
    state, name = told.found.state, told.environment.name
    if not plan:
        return preview.planned(world, name, key_of(state.hashes()))
    modes = modes_from(repository_of(world), state, told.commit)
    return preview.plan(world, fact_of(told.environment, state, modes))


def _values(world: World, told: Offer) -> list[str]:
    """Return how the environment's values change, in the few lines that do."""
    path = f"{told.environment.root}/{paths.RENDERED}"
    new = told.found.state.hashes()
    if path not in new:
        path = f"{told.environment.root}/values.yml"
    old = told.found.recorded.current.hashes() if told.found.recorded else {}
    if not old or old.get(path) == new.get(path):
        return []
    repository = repository_of(world)
    was, becomes = (
        repository.blob(blob).decode("utf-8", "replace").splitlines() if blob else []
        for blob in (old.get(path), new.get(path))
    )
    return [
        redact(line)
        for line in difflib.unified_diff(was, becomes, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]


def _message(world: World, told: Offer, by: str, why: str) -> str:
    name = told.environment.name
    chart = chart_in(world, told.found.state)
    trailers = [
        f"Approved-by: {by}",
        f"Reason: {why}",
        f"Slipway-State: {key_of(told.found.state.hashes())}",
        *(chart.trailers() if chart else []),
    ]
    return f"ci(gates): {name} may have {told.commit[:12]}\n\n" + "\n".join(trailers) + "\n"


def approve(name: str, world: World, by: str = "", why: str = "", plan: bool = False) -> str:
    """Show what would be deployed, ask, and open the gate for exactly that."""
    told = offer(world, name)
    if told is None:
        print(f"{name} may have this already{_by_hand(world, name)}.\nnext     doit deploy:{name}")
        return ""
    some, whole = shown(world, told, plan)
    journal.say(whole)
    print(printable(some), end="")
    by, why = who_and_why(
        by,
        why,
        command=f"doit approve:{name}",
        reason="Why is it right to deploy this? ",
        question=f"Deploy it to {name}",
    )
    opening = Opening(name, told.commit, told.gate, _message(world, told, by, why))
    commit = set_gate(world, opening)
    journal.effect(f"approve:{name}", f"gate at {told.commit[:7]}, as {commit[:7]}, by {by}: {why}")
    print(printable(
        f"\nApproved by {by}: {name} may have {told.commit[:12]}.\nnext     doit deploy:{name}"
    ))  # fmt: skip
    return ""


def _by_hand(world: World, name: str) -> str:
    """Return what to add where nobody was ever shown what may come."""
    if answers.word_on(world, head.head_of(world).gates, name):
        return ""
    gates = world.config.gates
    return f": its gate was set by hand, in {gates.file} on {gates.branch}"
