"""Since when the chart, the vendored one and each environment have a change, or what they wait for.

A chart has a change when every image of it whose breadcrumb names a commit was built from one that
stands on the change.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..kernel import remotes
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..promotion.engine import Config as Settings
from ..promotion.engine import (
    Record,
    State,
    UpstreamNotDeployed,
    config_at,
    gate_commit,
    gates_at,
    pending,
    records_at,
)
from .built import carried, said_by
from .following import vendored_folder
from .naming import commit_of
from .sides import Side, Sides
from .stops import Stop


@dataclass(slots=True)
class Carrying:
    """The question whether a chart's values have a change; what was asked once is kept.

    Attributes:
        config: says where the images stand in the values.
        source: the source repository.
        commit: the change.
    """

    config: Config
    source: Side
    commit: str
    _refs: dict[str, bool] = field(default_factory=dict)
    _values: dict[bytes, bool] = field(default_factory=dict)

    def values(self, content: bytes | None) -> bool:
        """Say whether a chart with these values has the change."""
        if content is None:
            return False
        if content not in self._values:
            refs = {image.ref for image in carried(self.config, content, "values")} - {""}
            self._values[content] = bool(refs) and all(self._built_with(ref) for ref in refs)
        return self._values[content]

    def _built_with(self, ref: str) -> bool:
        if ref not in self._refs:
            at = commit_of(self.source, ref)
            mirror = self.source.mirror
            self._refs[ref] = bool(at) and remotes.is_ancestor(mirror, self.commit, at)
        return self._refs[ref]

    def since(self, side: Side, path: str) -> str:
        """Return the commit since which a branch's values have the change; "" when they do not."""
        found = ""
        for commit in side.changes(path):
            if not self.values(side.file(commit, path)):
                break
            found = commit
        return found


def travelled(config: Config, sides: Sides, commit: str, released: str) -> list[Stop]:
    """Return the stops of a change behind its release.

    Args:
        config: says where everything is.
        sides: the repositories.
        commit: the change.
        released: the release that has it; "" for none.
    """
    if config.chart is None:
        return []
    carrying = Carrying(config, sides["source"], commit)
    try:
        chart = _chart(config, sides["charts"], carrying, released)
    except SlipwayError as error:
        chart = Stop("chart", trouble=said_by(error))
    if config.deployments.vendored is None:
        return [chart]
    try:
        return [chart, *_deployments(config, sides["deployments"], carrying, chart)]
    except SlipwayError as error:
        names = ("vendored", *config.environments)
        return [chart, *(Stop(name, trouble=said_by(error)) for name in names)]


def _chart(config: Config, charts: Side, carrying: Carrying, released: str) -> Stop:
    assert config.chart  # `travelled` has looked  # noqa: S101
    since = carrying.since(charts, posixpath.join(config.chart.path, config.chart.values))
    if since:
        told = charts.told(since)
        facts = {"commit": since, "since": told.instant}
        return Stop("chart", charts.at(since), told.date, facts=facts)
    if released:
        return Stop("chart", waits=f"the bump to {released}", fix="doit release")
    return Stop("chart", waits="a release")


def _deployments(config: Config, side: Side, carrying: Carrying, chart: Stop) -> Iterator[Stop]:
    assert config.chart  # `travelled` has looked  # noqa: S101
    path = posixpath.normpath(posixpath.join(vendored_folder(config), config.chart.values))
    since = carrying.since(side, path)
    if since:
        told = side.told(since)
        facts = {"commit": since, "since": told.instant}
        yield Stop("vendored", side.at(since), told.date, facts=facts)
    elif chart.value:
        yield Stop("vendored", waits="the chart's testflight", fix="doit release")
    else:
        yield Stop("vendored", waits="the chart")
    settings = config_at(side.repository, side.head, config.deployments.cepler)
    for name in config.environments:
        try:
            yield _Place(config, side, settings, carrying, path, name).stop(bool(since))
        except SlipwayError as error:
            yield Stop(name, trouble=said_by(error))


@dataclass(frozen=True, slots=True)
class _Place:
    """One environment, asked whether it has the change."""

    config: Config
    side: Side
    settings: Settings
    carrying: Carrying
    values: str
    name: str

    def stop(self, vendored: bool) -> Stop:
        """Return since when it has the change, or what it waits for."""
        first, now = self._first(), self._record(self.side.head)
        if first is None:
            return self._waiting(vendored)
        commit, record = first
        told = self.side.told(commit)
        later = f" (now {now.version})" if now and now.version != record.version else ""
        facts = {
            "state": record.version,
            "state_now": now.version if now else None,
            "commit": commit,
            "since": told.instant,
        }
        return Stop(self.name, f"state {record.version}{later}", told.date, facts=facts)

    def _first(self) -> tuple[str, Record] | None:
        """Return the oldest record since which the environment has had the change; None for no."""
        found = None
        for commit in self.side.changes(self.settings.state_path(self.name)):
            record = self._record(commit)
            if record is None or not self._has(record.current):
                break
            found = commit, record
        return found

    def _record(self, commit: str) -> Record | None:
        return records_at(self.side.repository, commit, self.settings).get(self.name)

    def _has(self, state: State) -> bool:
        blob = state.hashes().get(self.values)
        found = self.side.repository.objects([blob]) if blob else {}
        return self.carrying.values(found.get(blob or ""))

    def _waiting(self, vendored: bool) -> Stop:
        """Say what has to happen before the environment has what is vendored."""
        told = self.config.environments[self.name]
        side, name = self.side, self.name
        if not vendored:
            return Stop(name, waits=told.passed or "the vendored chart")
        try:
            coming = pending(side.repository, side.head, self.settings, name).state
        except UpstreamNotDeployed:
            coming = None
        if coming is None or not self._has(coming):
            return Stop(name, waits=told.passed or "the vendored chart")
        if told.gate and not self._let_in():
            return Stop(name, waits="a human", fix=f"doit approve:{name}")
        return Stop(name, waits="its deployment", fix=f"doit deploy:{name}")

    def _let_in(self) -> bool:
        """Say whether the gate, as it stands, lets a state with the change in."""
        gates, side = self.config.gates, self.side
        tip = side.refs.get(f"refs/heads/{gates.branch}", "")
        try:
            known = gates_at(side.repository, tip, gates.file) if tip else {}
            start = gate_commit(side.repository, known, self.name)
        except SlipwayError:
            return False  # no gate that can be read is open
        coming = pending(side.repository, side.head, self.settings, self.name, start=start)
        return self._has(coming.state)
