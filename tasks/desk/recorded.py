"""Links of a trace: what was recorded for an environment, held against the deployments remote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..kernel.config import Config
from ..promotion.engine import Config as Settings
from ..promotion.engine import File, Record, config_at, records_at
from ..promotion.engine.state import path_of
from .links import OK, Link, compared, missing
from .sides import Side, Told, short

RELEASE, CHART, DIGEST = "Slipway-Release", "Slipway-Chart", "Slipway-Digest"
BY = "Slipway-Deployed-By"
_ID = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What stands in an environment's state file, and the content that it names.

    Attributes:
        side: the deployments repository.
        settings: `cepler.yml` at its head.
        environment: the environment's name.
        record: the state file at the head.
        path: of the state file.
        commit: the commit that recorded it.
        files: path → file of the state.
        blobs: path → blob id that git has at the file's `from_commit`; None for none.
    """

    side: Side
    settings: Settings
    environment: str
    record: Record
    path: str
    commit: Told
    files: Mapping[str, File]
    blobs: Mapping[str, str | None]

    def below(self, folder: str) -> dict[str, str | None]:
        """Return path in a folder → blob id in git, of the files that were recorded there."""
        start = f"{folder}/"
        return {
            path.removeprefix(start): blob
            for path, blob in self.blobs.items()
            if path.startswith(start)
        }

    def content(self, path: str) -> bytes | None:
        """Return the content of a recorded file as git has it; None when it has none."""
        blob = self.blobs.get(path)
        return self.side.repository.blob(blob) if blob else None


def deployed(side: Side, config: Config, environment: str) -> Deployed | None:
    """Return what an environment was recorded with; None when it never was.

    Raises:
        SlipwayError: `cepler.yml` or a state file cannot be read.
    """
    settings = config_at(side.repository, side.head, config.deployments.cepler)
    record = records_at(side.repository, side.head, settings).get(environment)
    if record is None:
        return None
    path = settings.state_path(environment)
    files = {path_of(key): file for key, file in record.current.files.items()}
    blobs = {name: _blob(side, file.from_commit, name) for name, file in files.items()}
    made = side.told(side.changes(path)[0])
    return Deployed(side, settings, environment, record, path, made, files, blobs)


def _blob(side: Side, commit: str, path: str) -> str | None:
    """Return the blob id of a file at a commit of the branch; None when it is not there."""
    if not side.knows(commit):
        return None
    entry = side.repository.tree(commit).get(path)
    return entry.blob if entry else None


def state_link(told: Deployed, version: str, chart: str, digests: Mapping[str, str]) -> Link:
    """Hold the record against the branch, and against what its commit says of itself.

    Args:
        told: the record.
        version: the release in the chart; "" when that is not known.
        chart: the commit that the chart was copied from; "" likewise.
        digests: image → digest in the chart.
    """
    state, side, made = told.record.current, told.side, told.commit
    by = made.trailer(BY)
    link = Link(
        "state",
        f"{told.record.version}, recorded {made.date}{f' by {by}' if by else ''}",
        side.at(made.commit, told.path),
        facts={
            "state": told.record.version,
            "commit": made.commit,
            "recorded": made.instant,
            "by": by or made.by,
            "head_commit": state.head_commit,
        },
    )
    if not side.holds(state.head_commit, made.commit):
        there = f"head_commit {state.head_commit}"
        return compared(link, there, f"a commit that {side.branch} holds", same=False)
    if state.any_dirty:
        there, expected = "any_dirty: true", "files as a commit has them"
        return compared(link, there, expected, says="what was deployed is in no commit")
    for key, said, have in _said(made, version, chart, digests):
        if said != have:
            return compared(link, f"{key}: {said}", f"{key}: {have}", says="its commit message")
    return link


def _said(
    made: Told, version: str, chart: str, digests: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield (trailer, what the record's commit says, what the chart says), where both do."""
    if (said := made.trailer(RELEASE)) and version:
        yield RELEASE, said, version
    *_, commit = made.trailer(CHART).split() or [""]
    if _ID.fullmatch(commit) and chart:
        yield CHART, commit, chart
    for line in made.trailers(DIGEST):
        name = line.partition(" ")[0]
        if digests.get(name):
            yield DIGEST, line, f"{name} {digests[name]}"


def values_link(told: Deployed, path: str) -> Link:
    """Hold the recorded values of the chart against git."""
    file = told.files.get(path)
    link = Link("values", "", f"{told.side.name}  {path}", facts={"path": path})
    if file is None:
        return missing(link, "the state does not name it")
    blob = file.file_hash or "no file"
    link = Link(
        "values",
        f"as recorded, blob {short(blob)}",
        told.side.at(file.from_commit, path),
        facts={"path": path, "blob": blob, "commit": file.from_commit},
    )
    return _file_link(told, link, [path])


def files_link(told: Deployed, but: str) -> Link:
    """Hold every other recorded file against git."""
    names = [path for path in told.files if path != but]
    some = f"{len(names)} more file{'' if len(names) == 1 else 's'}"
    link = Link("files", f"{some} as recorded", told.side.at(told.commit.commit, told.path))
    return _file_link(told, link, names)


def _file_link(told: Deployed, link: Link, names: list[str]) -> Link:
    origins = {told.files[name].from_commit for name in names}
    foreign = sorted(each for each in origins if not told.side.holds(each, told.commit.commit))
    if foreign:
        there = f"from_commit {', '.join(foreign)}"
        return compared(link, there, f"commits that {told.side.branch} holds", same=False)
    wrong = [name for name in names if told.files[name].file_hash != told.blobs[name]]
    if not wrong:
        return link
    file, found = told.files[wrong[0]], told.blobs[wrong[0]]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return compared(
        link,
        f"{found or 'nothing'} in git at {short(file.from_commit)}",
        f"{file.file_hash or 'no file'}, as recorded",
        same=False,
        says=f"{wrong[0]}{more}",
    )


def passed_link(told: Deployed) -> Link | None:
    """Hold the files that were taken over against what the environment before had; None for none.

    Raises:
        SlipwayError: one of its earlier state files cannot be read.
    """
    state, side = told.record.current, told.side
    passed = told.record.propagated_from
    taken = {
        path_of(key): file.file_hash
        for key, file in state.files.items()
        if passed and key.startswith(f"{{{passed}}}/")
    }
    if not passed or not taken:
        return None
    wrong = None
    for commit in side.changes(told.settings.state_path(passed), told.commit.commit):
        found = records_at(side.repository, commit, told.settings).get(passed)
        if found is None or found.current.head_commit != state.propagated_head:
            continue
        link = _taken_link(told, taken, commit, found)
        if link.verdict == OK:
            return link
        wrong = wrong or link  # an earlier state with the same trigger may fit
    if wrong:
        return wrong
    link = Link("passed", f"{len(taken)} files that {passed} had", side.name)
    expected = f"a state of {passed} at {state.propagated_head}"
    return missing(link, f"{passed} never had this", expected)


def _taken_link(
    told: Deployed, taken: Mapping[str, str | None], commit: str, record: Record
) -> Link:
    passed, had = str(told.record.propagated_from), record.current.hashes()
    link = Link(
        "passed",
        f"{len(taken)} files that {passed} had in state {record.version}",
        told.side.at(commit, told.settings.state_path(passed)),
        facts={"environment": passed, "state": record.version, "commit": commit},
    )
    wrong = sorted(name for name, blob in taken.items() if had.get(name) != blob)
    if not wrong:
        return link
    there = f"{passed} had {had.get(wrong[0]) or 'no such file'}"
    return compared(link, there, f"{taken[wrong[0]]}, as recorded", same=False, says=wrong[0])
