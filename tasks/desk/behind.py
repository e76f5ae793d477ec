"""Why an environment is behind: which commits bring what it has not, and where that comes from.

Everything is read outside, where it stands: the deployments say which files differ and who has had
them, the lock which chart they were copied from, its breadcrumbs what its images were built from,
and the source what has come between that and what the environment has.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..deploy.origins import Brings, commits_of
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion.engine import Config as Settings
from ..promotion.engine import (
    Difference,
    Pending,
    UpstreamNotDeployed,
    config_at,
    pending,
    records_at,
)
from ..promotion.withdrawn import release_in
from ..vendir.engine import lock as locks
from .built import carried, origin, said_by
from .changes import Change, changes
from .environments import standings
from .sides import Side, Sides
from .vendored import LOCK

_RECORDS = 200  # of the environment before, that are looked through
Files = Mapping[str, str | None]  # path → blob id


@dataclass(frozen=True, slots=True)
class Chart:
    """What a copy of the chart brings.

    Attributes:
        commit: of the charts, that it was copied from; "" when no lock says.
        release: in it; "" when it names none.
        before: the release that the environment has; "" for none.
        changes: that come with it, the newest first; none when the release is the same.
        back: they are taken back instead.
        trouble: why they are not known.
    """

    commit: str
    release: str
    before: str
    changes: tuple[Change, ...] = ()
    back: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """A commit of the deployments that brings something.

    Attributes:
        commit: its id.
        subject: its first line.
        at: when it was made.
        files: of those that the environment has otherwise.
        passed: the environment before, when it has had them; "" else.
        state: since which state of it.
        since: and since when.
        chart: what comes with the chart, where this is the newest copy of it.
    """

    commit: str
    subject: str
    at: str
    files: tuple[str, ...]
    passed: str = ""
    state: int = 0
    since: str = ""
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """An environment, and what it has not yet.

    Attributes:
        environment: its name.
        says: what waits for it and for what, or that nothing does.
        command: what to type next; "" for nothing.
        state: how often it was recorded.
        since: when it was recorded last; "" when it never was.
        brought: what it has not, the newest commit first.
    """

    environment: str
    says: str
    command: str
    state: int
    since: str
    brought: tuple[Brought, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def behind(world: World, name: str) -> Behind:
    """Return what an environment has not, and where each part of that comes from.

    Args:
        world: whose configuration says where everything is.
        name: of the environment.

    Raises:
        SlipwayError: the deployments cannot be read.
    """
    [here] = standings(world, [name])
    sides = Sides(world)
    side, config = sides["deployments"], world.config
    settings = config_at(side.repository, side.head, config.deployments.cepler)
    try:
        found = pending(side.repository, side.head, settings, name, origin=True)
    except UpstreamNotDeployed:
        found = None
    brought = _Asking(world, sides, settings, name, found).brought() if found else []
    return Behind(name, here.says, here.command, here.state, here.since, tuple(brought))


@dataclass(frozen=True, slots=True)
class _Asking:
    """The question what an environment has not."""

    world: World
    sides: Sides
    settings: Settings
    name: str
    found: Pending

    def brought(self) -> list[Brought]:
        """Return the commits that bring something, the newest first."""
        side, differences = self.sides["deployments"], self._differences()
        commits = commits_of(self.world, side.head, differences)
        copy = next((one for one in commits if any(map(self._is_of_chart, one.paths))), None)
        return [
            self._brought(
                one, [diff for diff in differences if diff.path in one.paths], one is copy
            )
            for one in commits
        ]

    def _differences(self) -> Sequence[Difference]:
        state = self.found.state
        if self.found.recorded is None:
            return [Difference(key, "added", None, file) for key, file in state.files.items()]
        there = state.hashes()  # a file that comes from elsewhere now is not gone
        return [one for one in self.found.differences if one.new or one.path not in there]

    def _brought(self, by: Brings, group: Sequence[Difference], copied: bool) -> Brought:
        side = self.sides["deployments"]
        passed = self.world.config.environments[self.name].passed
        taken = {
            one.path: one.new.file_hash
            for one in group
            if passed
            and one.new
            and one.new.from_commit == by.commit
            and one.key.startswith(f"{{{passed}}}/")
        }
        state, since = _had(side, self.settings, passed, taken) if passed and taken else (0, "")
        return Brought(
            by.commit,
            by.message,
            side.told(by.commit).date,
            tuple(sorted(one.path for one in group)),
            passed if passed and state else "",
            state,
            since,
            self._chart(by.commit) if copied else None,
        )

    def _is_of_chart(self, path: str) -> bool:
        folder = self.world.config.deployments.vendored
        return folder is not None and path.startswith(f"{folder}/")

    def _chart(self, commit: str) -> Chart:
        """Return what comes with the chart that a commit has copied."""
        side, config = self.sides["deployments"], self.world.config
        record = self.found.recorded
        has, gets = record.current.hashes() if record else {}, self.found.state.hashes()
        release, before = (release_in(self.world, side.repository, one) for one in (gets, has))
        chart = _copied_from(side, config, commit)
        if release == before:
            return Chart(chart, release, before)
        try:
            old, new = (self._built_from(files) for files in (has, gets))
            if not (old and new):
                return Chart(chart, release, before)
            source = self.sides["source"]
            back = source.holds(new, old)
            brought = changes(source, new, old) if back else changes(source, old, new)
        except SlipwayError as error:
            return Chart(chart, release, before, trouble=said_by(error))
        return Chart(chart, release, before, brought, back)

    def _built_from(self, files: Files) -> str:
        """Return the commit of the source that the chart in a state was built from."""
        side, config = self.sides["deployments"], self.world.config
        assert config.chart  # there is a folder it was copied to  # noqa: S101
        path = posixpath.join(config.deployments.vendored or "", config.chart.values)
        blob = files.get(posixpath.normpath(path))
        content = side.repository.blob(blob) if blob else None
        if content is None:
            return ""
        return origin(self.sides["source"], carried(config, content, path)).commit


def _had(side: Side, settings: Settings, passed: str, files: Files) -> tuple[int, str]:
    """Return since which state, and since when, the environment before has had some files."""
    found = (0, "")
    for commit in side.changes(settings.state_path(passed))[:_RECORDS]:
        record = records_at(side.repository, commit, settings).get(passed)
        if record and files.items() <= record.current.hashes().items():
            found = (record.version, side.told(commit).date)
        elif found[0]:  # newer ones, which wait behind these, are passed over
            break
    return found


def _copied_from(side: Side, config: Config, commit: str) -> str:
    """Return the commit of the charts that the lock names; "" when none can be read there."""
    path = posixpath.join(posixpath.dirname(config.deployments.vendir), LOCK)
    content = side.file(commit, path)
    try:
        held = locks.parse((content or b"").decode("utf-8", "replace"), path)
    except SlipwayError:
        return ""
    places = {
        posixpath.normpath(posixpath.join(directory.path, entry.path)): entry
        for directory in held.directories
        for entry in directory.contents
    }
    entry = places.get(config.deployments.vendored or "")
    return str(entry.facts.get("sha", "")) if entry else ""
