"""What `status` says of the chart and of every environment: what it runs, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernel import remotes
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion import head as deployments


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one environment stands.

    Attributes:
        name: the environment.
        runs: the release it was recorded with; "" when it never was.
        state: how often it was recorded.
        says: what waits for it, or that nothing does.
        command: what to type next; "" for nothing.
    """

    name: str
    runs: str
    state: int
    says: str
    command: str

    def plain(self) -> str:
        """Return it as the line of a table."""
        at = f"{self.runs or '?'}  state {self.state}" if self.state else "nothing yet"
        return f"{at:<20} {self.says}"


def standings(world: World) -> list[Standing]:
    """Return where every environment of the pipeline stands, asked now.

    Raises:
        SlipwayError: the deployments remote cannot be read.
    """
    from ..promotion import engine

    head = deployments.ask(world)
    repository = engine.Repository(deployments.mirror(world))
    settings = engine.config_at(repository, head.commit, world.config.deployments.cepler)
    records = engine.records_at(repository, head.commit, settings)
    gates = _gates(world, repository, head)
    return [_standing(world, repository, head, settings, records, gates, name) for name in
            world.config.environments]  # fmt: skip


def _gates(world: World, repository: Any, head: deployments.Head) -> dict[str, str]:
    from ..promotion import engine

    if not head.gates:
        return {}
    try:
        return engine.gates_at(repository, head.gates, world.config.gates.file)
    except SlipwayError:
        return {}  # nobody has opened a gate yet, or the file is broken: `deploy` says which


def _standing(
    world: World, repository: Any, head: deployments.Head, settings: Any,
    records: dict[str, Any], gates: dict[str, str], name: str,
) -> Standing:  # fmt: skip
    from ..promotion import engine

    environment, record = world.config.environments[name], records.get(name)
    runs, state = _release(world, repository, record), record.version if record else 0
    try:
        ahead = engine.pending(repository, head.commit, settings, name)
    except engine.UpstreamNotDeployed:
        return Standing(name, runs, state, f"waits for {environment.passed}", "")
    if not ahead.due:
        return Standing(name, runs, state, "up to date", "")
    differ = _differ(len(ahead.differences))
    if not environment.gate:
        return Standing(name, runs, state, differ, f"doit deploy:{name}")
    gate = gates.get(name, "")
    if gate:
        start = None if gate == "HEAD" else engine.gate_commit(repository, gates, name)
        approved = engine.pending(repository, head.commit, settings, name, start=start)
        if approved.due:
            said = f"{_differ(len(approved.differences))}, approved"
            return Standing(name, runs, state, said, f"doit deploy:{name}")
    said = f"{differ}, waits for a human"
    return Standing(name, runs, state, said, f"doit approve:{name}")


def _differ(count: int) -> str:
    return f"behind by {count} file{'' if count == 1 else 's'}"


def _release(world: World, repository: Any, record: Any) -> str:
    """Return the appVersion of the chart that a record has."""
    import yaml

    vendored = world.config.deployments.vendored
    if record is None or vendored is None:
        return ""
    blob = record.current.hashes().get(f"{vendored}/Chart.yaml")
    if blob is None:
        return ""
    chart = yaml.safe_load(repository.blob(blob)) or {}
    return str(chart.get("appVersion", "")) if isinstance(chart, dict) else ""


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

    chart = yaml.safe_load(text or b"") or {}
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
