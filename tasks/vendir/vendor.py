"""The effect `vendor`: the chart that has passed its testflight, copied into the deployments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..kernel import git as g
from ..kernel import journal, paths, remotes
from ..kernel.effects import Effect, Seen, Skip
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from ..promotion import head
from . import revision, vendored_ref
from .stands import standing

TASK = "vendor"
_BOT = ("Slipway", "slipway@localhost")
_HEX = re.compile(r"[0-9a-f]{7,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A chart that should be vendored.

    Attributes:
        chart: the chart's name.
        commit: of the charts repository.
        version: of the chart.
        release: that the chart carries; "" when it carries none.
    """

    chart: str
    commit: str
    version: str
    release: str

    def __str__(self) -> str:
        """Return words for it."""
        return f"{self.chart} chart {self.version} ({self.commit[:7]})"


@dataclass(frozen=True, slots=True)
class Sight(Seen):
    """What observe found.

    Attributes:
        head: the commit that was looked at.
        made: the commit that would bring what is wanted; "" when it stands already.
        objects: the files and the lock as they are then, for the receipt's claims.
    """

    head: str = ""
    made: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)


def want(world: World) -> Wanted | Skip:
    """Want the chart vendored that the testflight is about.

    Raises:
        SlipwayError: the verdict is of another chart than the one that was merged last.
    """
    chart, verdict = world.json(paths.CHART), world.json(paths.TESTFLIGHT)
    if chart["commit"] is None:
        return Skip(chart.get("why") or "there is no chart to vendor")
    if "skipped" in verdict:
        return Skip(verdict["skipped"])
    flown, merged = ([told[0], told[1]] for told in (_named(verdict, "chart"), _named(chart)))
    if flown != merged and UNKNOWN not in (*flown, *merged):
        raise SlipwayError(
            f"the testflight's verdict is of the chart at {flown[0][:12]}, not {merged[0][:12]}",
            where=paths.TESTFLIGHT,
            fix="doit testflight: only a chart that has flown is vendored",
        )
    name = world.config.chart.name if world.config.chart else "the"
    release = str(chart.get("release") or "")
    return Wanted(name, chart["commit"], str(chart.get("version", "")), release)


def _named(fact: dict[str, Any], key: str = "commit") -> tuple[str, str]:
    return str(fact[key]), str(fact["tree"])


def observe(world: World, wanted: Wanted) -> Sight:
    """Look at the branch as it stands now: the reference, the files, the lock.

    What they should be is made afresh, as a commit on top of that head. When it would change
    nothing, everything stands.

    Raises:
        SlipwayError: the branch has a chart commit that neither stands on ours nor below it.
    """
    # In a plan the head is the one that the run would have left behind by then.
    now = head.head_of(world).commit if world.dry else head.ask(world).commit
    if UNKNOWN in (wanted.commit, now) or not _have(world, wanted.commit):
        facts = {"ref": wanted.commit, "version": wanted.version}
        return Sight(False, "another chart is vendored", facts, now, UNKNOWN)
    text = revision.configuration(world, now)
    ref = vendored_ref(text, revision.spot_of(world).place)
    there = _resolved(world, ref)
    if there not in ("", wanted.commit) and _is_newer(world, wanted, there):
        return _adopted(world, wanted, now, ref, there)
    facts = {"ref": wanted.commit, "version": wanted.version}
    made = _commit(world, wanted, now, again=ref == wanted.commit)
    if not made:
        return Sight(True, f"{wanted} is vendored", facts, now, objects=_objects(world, now))
    says = (
        "the files or the lock are not what ref says" if ref == wanted.commit else f"ref is {ref}"
    )
    return Sight(False, says, facts, now, made, _objects(world, made))


def _have(world: World, commit: str) -> bool:
    """Have a chart commit in our mirror.

    Raises:
        SlipwayError: the charts repository does not have it; in a plan the answer is no.
    """
    if _holds(world, commit):
        return True
    if world.dry:
        return False
    _refresh(world)
    if not _holds(world, commit):
        raise SlipwayError(
            f"the charts repository has no commit {commit[:12]}",
            where=world.config.remotes.charts.url,
            fix="doit chart:merge looks which commit it is now",
        )
    return True


def _refresh(world: World) -> None:
    where = remotes.address(world, world.config.remotes.charts)
    remotes.mirror(world, "charts", where, remotes.ls(where))


def _holds(world: World, commit: str) -> bool:
    mirror = world.mirror("charts")
    return mirror.exists() and not g.returncode(
        "cat-file", "-e", f"{commit}^{{commit}}", repo=mirror
    )


def _resolved(world: World, ref: str) -> str:
    """Return the chart commit that a reference pins; "" for a branch, and for what is unknown."""
    found = _parsed(world, ref)
    if found or world.dry or not _HEX.fullmatch(ref):
        return found
    _refresh(world)  # somebody may have set a commit that is newer than our mirror
    return _parsed(world, ref)


def _parsed(world: World, ref: str) -> str:
    names = [ref] if _HEX.fullmatch(ref) else []
    names += [ref if ref.startswith("refs/tags/") else f"refs/tags/{ref}"]
    for name in names:
        parse = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        if found := g.text(*parse, repo=world.mirror("charts"), ok=(0, 1, 128)):
            return found
    return ""


def _is_newer(world: World, wanted: Wanted, there: str) -> bool:
    """Say whether somebody has set a reference that stands on ours.

    Raises:
        SlipwayError: it stands neither on ours nor below it.
    """
    mirror = world.mirror("charts")
    if remotes.is_ancestor(mirror, wanted.commit, there):
        return True
    if remotes.is_ancestor(mirror, there, wanted.commit):
        return False
    spot = revision.spot_of(world)
    raise SlipwayError(
        f"{spot.file} names a chart commit that the tested one does not stand on",
        where=world.config.remotes.deployments.url,
        detail=[f"there   {there}", f"wanted  {wanted.commit}"],
        fix="merge it into the charts branch, or set ref back to a commit of that branch",
    )


def _adopted(world: World, wanted: Wanted, now: str, ref: str, there: str) -> Sight:
    """Leave a newer reference alone; say so when its files are not those of that commit."""
    whole = g.text("rev-parse", f"{now}^{{tree}}", repo=head.mirror(world))
    try:
        same = revision.tree_with(world, now, ref) == whole
    except SlipwayError as error:
        same = False
        journal.say(f"cannot be checked: {error}")
    drift = "" if same else "; its files are not those of that commit (python -m tasks.vendir sync)"
    says = f"somebody has set the newer {there[:7]}, which stands on {wanted.commit[:7]}{drift}"
    return Sight(True, says, {"ref": ref, "version": ""}, now, objects=_objects(world, now))


def _objects(world: World, commit: str) -> dict[str, str]:
    """Return what stands in a commit besides the reference."""
    there = standing(world, head.mirror(world), commit)
    return {name: at for name, at in there.items() if name != "vendored"}


def _commit(world: World, wanted: Wanted, parent: str, *, again: bool) -> str:
    """Make the commit that vendors the chart on top of another; "" when it changes nothing."""
    mirror = head.mirror(world)
    tree = revision.tree_with(world, parent, wanted.commit)
    if tree == g.text("rev-parse", f"{parent}^{{tree}}", repo=mirror):
        return ""
    date = g.text(
        "log", "-1", "--format=%ct +0000", wanted.commit, "--", repo=world.mirror("charts")
    )
    subject = (
        f"fix(deps): restore {wanted.chart} chart {wanted.version}"
        if again
        else f"chore(deps): bump {wanted.chart} chart to {wanted.version}"
    )
    release = f"Slipway-Release: {wanted.release}\n" if wanted.release else ""
    message = f"{subject}\n\n{release}Slipway-Chart: {wanted.commit}\n"
    return revision.commit(world, parent, tree, message, g.identity(*_BOT, date))


def act(world: World, wanted: Wanted, seen: Seen) -> str:
    """Put the commit that observe has made on the branch.

    Raises:
        Again: somebody else has pushed meanwhile.
    """
    seen = cast(Sight, seen)
    head.push(world, seen.made, seen.head)
    return f"{wanted} in {revision.spot_of(world).folder} ({seen.made[:7]})"


def claims(_wanted: Wanted, seen: Seen) -> Claims:
    """Claim reference, files and lock; whatever somebody changes of them wakes us to look at it."""
    return {head.REMOTE: {"vendored": seen.facts["ref"], **cast(Sight, seen).objects}}


def leave(world: World, _wanted: Wanted, seen: Seen) -> None:
    """Have what follows go on from a commit that has the chart."""
    seen = cast(Sight, seen)
    at = head.head_of(world).commit
    commit = seen.made or seen.head
    if UNKNOWN in (at, commit) or _standing(world, at) != _standing(world, commit):
        head.advance(world, commit)


def _standing(world: World, commit: str) -> list[str]:
    """Return what a commit of the deployments has of ours."""
    spot = revision.spot_of(world)
    listed = ("--literal-pathspecs", "ls-tree", commit, "--", spot.file, spot.lock, spot.folder)
    return g.lines(*listed, repo=head.mirror(world))


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"vendor {wanted}"


EFFECT = Effect(TASK, head.REMOTE, want, observe, act, claims, means, leave)
