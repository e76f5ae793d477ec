"""What `status` says of the chart and of every environment: what it runs, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..deploy import lock, past
from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import SlipwayError
from ..kernel.redact import redact
from ..kernel.world import World
from ..promotion import answers, decided, freezes, judge, key_of, notes, once_more, withdrawn
from ..promotion import head as deployments

if TYPE_CHECKING:
    from ..promotion.engine import Pending


_BACK = "to go back"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one environment stands.

    Attributes:
        name: the environment.
        runs: the release it was recorded with; "" when it never was.
        state: how often it was recorded.
        since: when it was recorded last, in words; "" when it never was.
        says: what waits for it and for what, or that nothing does.
        command: what to type next; "" for nothing.
        more: what else there is to know: who deploys it now, what failed since.
    """

    name: str
    runs: str
    state: int
    since: str
    says: str
    command: str
    more: tuple[str, ...] = ()

    def plain(self) -> str:
        """Return it as the line of a table, with further lines below it."""
        at = f"{self.runs or '?'}  state {self.state}" if self.state else "nothing yet"
        if self.since:
            at += f"  since {self.since}"
        return "\n             ".join([f"{at:<48} {self.says}", *self.more])


@dataclass(frozen=True, slots=True)
class _Sight:
    """What all environments are judged by."""

    world: World
    head: deployments.Head
    refs: dict[str, str]
    repository: Any
    settings: Any
    records: dict[str, Any]


def standings(world: World, names: Iterable[str] | None = None) -> list[Standing]:
    """Return where environments stand, asked now.

    Args:
        world: whose configuration says where everything is.
        names: of the environments; all of the pipeline when None.

    Raises:
        SlipwayError: the deployments remote cannot be read.
    """
    from ..promotion import engine

    head, refs = deployments.look(world)
    repository = engine.Repository(deployments.mirror(world))
    settings = engine.config_at(repository, head.commit, world.config.deployments.cepler)
    records = engine.records_at(repository, head.commit, settings)
    sight = _Sight(world, head, refs, repository, settings, records)
    return [_standing(sight, name) for name in names or world.config.environments]


def _standing(sight: _Sight, name: str) -> Standing:
    record = sight.records.get(name)
    ahead = _ahead(sight, name)
    says, command = _waits(sight, name, ahead)
    at = _recorded_at(sight, name) if record else 0
    failed = last_failure(sight.world, sight.refs, name, at)
    if failed and record and not command and failed.said(past.BEGUN):
        command = f"doit {once_more.VARIABLE}=yes deploy:{name}"  # it may be half there
    unread = [f"history is followed no further than {one}" for one in ahead.unread] if ahead else []
    return Standing(
        name,
        _release(sight.world, sight.repository, record),
        record.version if record else 0,
        notes.spoken(at) if at else "",
        says,
        command,
        (*_more(sight, name, failed), *unread),
    )


def _ahead(sight: _Sight, name: str) -> Pending | None:
    """Return what an environment would have, were there no gate; None while another one is due."""
    from ..promotion import engine

    try:
        return engine.pending(sight.repository, sight.head.commit, sight.settings, name)
    except engine.UpstreamNotDeployed:
        return None


def _waits(sight: _Sight, name: str, ahead: Pending | None) -> tuple[str, str]:
    """Return what waits for an environment and for what, and what to type next."""
    world, environment = sight.world, sight.world.config.environments[name]
    if ahead is None:
        return f"waits for {environment.passed}", ""
    differ = _differ(len(ahead.differences)) if ahead.due else "up to date"
    try:
        verdict = judge(world, name, sight.head)
    except SlipwayError as error:
        where = f"{redact(error.where)}: " if error.where else ""
        return f"{differ}; {where}{error.what}", error.fix
    if hold := decided.hold_on(world, sight.head, name):
        held = f"held at state {hold.said('State')} by {hold.said('By')}: {hold.said('Why')}"
        if verdict.fact is None:  # what it is held at was yanked since
            return f"{differ}, {verdict.says}", verdict.fix
        if verdict.fix:
            return f"{differ}, {held}", f"doit resume:{name}"
        return f"{_BACK}, {held}", f"doit deploy:{name}"
    if not (ahead.due or verdict.due or verdict.fix):
        return differ, ""
    let = verdict.fix.startswith("doit override")
    if let and (freeze := freezes.frozen(world, name, sight.head.commit)):
        says = f"{differ if ahead.due else _BACK}, frozen until {freeze.until}: {freeze.reason}"
        return says, f'doit override:{name} --by=NAME --why="TEXT"'
    if verdict.due:
        if not ahead.due:  # its gate stands at something older than it has
            return f"{_BACK}, {verdict.says}", f"doit deploy:{name}"
        yes = ", gate set by hand" if verdict.by_hand else ", approved"
        return f"{differ}{yes if environment.gate else ''}", f"doit deploy:{name}"
    if environment.gate and verdict.fix.startswith("doit approve"):
        key = key_of(ahead.state.hashes())
        if no := answers.rejected(world, sight.head.gates, name, key):
            return f"{differ}, rejected by {no.by}: {no.why}", f"doit approve:{name}"
        return f"{differ}, waits for a human", f"doit approve:{name}"
    return f"{differ}, {verdict.says}", verdict.fix


def _more(sight: _Sight, name: str, failed: notes.Note | None) -> list[str]:
    """Return who deploys it now, and what failed since it was recorded."""
    found = []
    if at := sight.refs.get(lock.ref(name)):
        found.append(f"being deployed by {lock.read(sight.world, at).spoken()}")
    return [*found, *([failure(failed)] if failed else [])]


def last_failure(
    world: World, refs: Mapping[str, str], name: str, recorded: int
) -> notes.Note | None:
    """Return the note of the last attempt to deploy, if it failed; None if it did not.

    Args:
        world: whose mirror.
        refs: those of the deployments remote: name → commit.
        name: of the environment.
        recorded: when it was recorded last, in seconds since 1970; 0 when it never was.
    """
    if not (at := refs.get(notes.HISTORY + name)):
        return None
    last = notes.read(world, at)
    return last if last.at >= recorded and last.said("Error") else None


def failure(note: notes.Note) -> str:
    """Return what failed, when, how and whose it was, in words."""
    said = f"{note.said('Step')} failed {note.since}: {note.said('Error')}"
    return f"{said} ({note.said('By')})"


def _recorded_at(sight: _Sight, name: str) -> int:
    """Return when an environment was recorded last, in seconds since 1970; 0 when nobody knows."""
    path = sight.settings.state_path(name)
    how = ("log", "-1", "--format=%ct", sight.head.commit, "--", path)
    return int(g.text("--literal-pathspecs", *how, repo=sight.repository.path) or 0)


def _differ(count: int) -> str:
    return f"behind by {count} file{'' if count == 1 else 's'}"


def _release(world: World, repository: Any, record: Any) -> str:
    """Return the appVersion of the chart that a record has."""
    return withdrawn.release_in(world, repository, record.current.hashes()) if record else ""


def chart_line(world: World) -> str:
    """Return what stands in the chart, and whether it has gone on to the deployments.

    Raises:
        SlipwayError: a remote cannot be read.
    """
    chart = world.config.chart
    if chart is None:
        return ""
    remote = world.config.remotes.charts
    where = remotes.address(world, remote)
    refs = remotes.ls(where)
    head = refs.get(f"refs/heads/{remote.branch}", "")
    mirror = remotes.mirror(world, "charts", where, refs)
    text = remotes.files_at(mirror, head, f"{chart.path}/Chart.yaml") if head else None
    said = _chart_versions(text)
    vendored = _vendored(world)
    gone_on = f", vendored at {vendored[:7]}" if vendored else ""
    return f"{said} at {head[:7]}{gone_on}"


def _chart_versions(text: bytes | None) -> str:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # 1.10 is not the number 1.1
    chart = yaml.load(text or b"", Loader=loader) or {}  # noqa: S506 - it makes texts only
    return f"{chart.get('version', '?')} with {chart.get('appVersion', '?')}"


def _vendored(world: World) -> str:
    """Return the chart commit that stands in the deployments repository; "" for none."""
    from ..vendir import vendored_ref

    place = world.config.deployments.vendored
    if place is None:
        return ""
    head = deployments.ask(world)
    file = world.config.deployments.vendir
    text = remotes.files_at(deployments.mirror(world), head.commit, file)
    return vendored_ref(text, place) if text else ""
