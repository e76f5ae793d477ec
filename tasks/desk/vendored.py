"""Links of a trace: the chart in an environment, held against the commit it was copied from."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..kernel import git as g
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..vendir.engine import config as vendir
from ..vendir.engine import lock as locks
from ..vendir.engine.globs import any_matches
from ..vendir.engine.model import Content
from .links import Link, compared, missing, unasked
from .recorded import Deployed
from .sides import Side

LOCK = "vendir.lock.yml"


@dataclass(frozen=True, slots=True)
class Vendored:
    """Where the chart in an environment comes from.

    Attributes:
        commit: of the deployments repository, that brought it there.
        chart: commit of the charts repository; "" when the lock does not say it.
        link: the verdict on that.
    """

    commit: str
    chart: str
    link: Link


def vendored(told: Deployed, config: Config, folder: str) -> Vendored:
    """Read from the lock which chart commit the recorded files were copied from."""
    side = told.side
    path = posixpath.join(posixpath.dirname(config.deployments.vendir), LOCK)
    commit = _brought(told, folder, path)
    link = Link("chart", folder, side.at(commit, path), facts={"deployments": commit})
    content = side.file(commit, path) if commit else None
    if content is None:
        return Vendored(commit, "", missing(link, "there is no lock"))
    try:
        held = locks.parse(content.decode("utf-8", "replace"), path)
    except SlipwayError as error:
        return Vendored(commit, "", compared(link, str(error), "a lock", same=False))
    for directory in held.directories:
        for entry in directory.contents:
            if posixpath.normpath(posixpath.join(directory.path, entry.path)) == folder:
                sha = str(entry.facts.get("sha", ""))
                return Vendored(commit, sha, link if sha else missing(link, "the lock has no sha"))
    return Vendored(commit, "", missing(link, f"the lock has no entry for {folder}"))


def _brought(told: Deployed, folder: str, lock: str) -> str:
    """Return the commit that brought the recorded files of a folder, with their lock.

    It is the newest that one of them came from; a later one only when just that has all of them as
    they were recorded: a copy that did nothing but remove a file.
    """
    side, have = told.side, told.below(folder)
    origins = {told.files[f"{folder}/{name}"].from_commit for name in have}
    known = [commit for commit in sorted(origins) if side.holds(commit, told.commit.commit)]
    if not known:
        return ""
    newest = g.lines("merge-base", "--independent", *known, repo=side.mirror)[0]
    later = g.lines(
        "--literal-pathspecs", "log", "--topo-order", "--reverse", "--format=%H",
        f"{newest}..{told.commit.commit}", "--", folder, lock, repo=side.mirror,
    )  # fmt: skip
    return next((each for each in (newest, *later) if _tree(side, each, folder) == have), newest)


def _tree(side: Side, commit: str, folder: str) -> dict[str, str]:
    start = f"{folder}/"
    return {
        path.removeprefix(start): entry.blob
        for path, entry in side.repository.tree(commit).items()
        if path.startswith(start)
    }


def chart_link(found: Vendored, charts: Side, version: str) -> Link:
    """Hold the chart commit that the lock names against the charts branch."""
    facts = {**found.link.facts, "chart": found.chart, "version": version}
    value = f"{charts.at(found.chart)}, version {version or '?'}"
    link = Link("chart", value, found.link.source, facts=facts)
    if not charts.knows(found.chart):
        return missing(link, f"the charts repository has no commit {found.chart}")
    if not charts.holds(found.chart):
        return compared(link, found.chart, f"a commit that {charts.branch} holds", same=False)
    return link


def vendored_link(
    told: Deployed, found: Vendored, charts: Side, config: Config, folder: str
) -> Link:
    """Hold every vendored file against the chart's folder at the commit that the lock names."""
    path = config.chart.path if config.chart else ""
    have = told.below(folder)
    link = Link(
        "vendored",
        f"{len(have)} files equal the chart's",
        charts.at(found.chart, path),
        facts={"files": len(have)},
    )
    if not charts.knows(found.chart):
        return unasked(link, "the charts repository does not have that commit")
    chart = _tree(charts, found.chart, path)
    content = _content(told.side, found.commit, config.deployments.vendir, folder)
    copied = _tree(told.side, found.commit, folder)
    wrong = _different(have, chart, copied, _copies(content, path), _takes(told, folder))
    if not wrong:
        return link
    name, there, expected = wrong[0]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return compared(link, there, expected, same=False, says=f"{folder}/{name}{more}")


def _different(
    have: Mapping[str, str | None],
    chart: Mapping[str, str],
    there: Mapping[str, str],
    copies: Callable[[str], bool | None],
    takes: Callable[[str], bool],
) -> list[tuple[str, str, str]]:
    """Return (file, what is there, what is expected) for all that is not the chart's.

    Args:
        have: the recorded files.
        chart: those of the chart's folder.
        there: those of the vendored folder, recorded or not.
        copies: whether vendir takes a file of the chart; None when it keeps what is there.
        takes: whether cepler would record a file.
    """
    wrong = []
    for name in sorted(have.keys() | chart.keys()):
        blob, wanted, copied = have.get(name), chart.get(name), copies(name)
        # What is not recorded is held against its copy, unless it should have been recorded.
        if name not in have and not (copied and takes(name)):
            blob = there.get(name)
            if blob is None and not copied:
                continue
        if blob != wanted and copied is not None:
            wrong.append((name, blob or "no such file", wanted or "no such file in the chart"))
    return wrong


def _takes(told: Deployed, folder: str) -> Callable[[str], bool]:
    """Return the test whether the patterns of an environment take a file of a folder."""
    environment = told.settings.environment(told.environment)
    ways = told.settings.latest(environment), told.settings.propagated(environment)
    return lambda name: any(match(f"{folder}/{name}") for match in ways)


def _content(side: Side, commit: str, path: str, folder: str) -> Content | None:
    """Return what `vendir.yml` says of a folder at a commit; None when it says nothing readable."""
    text = side.file(commit, path)
    try:
        told = vendir.parse([(path, (text or b"").decode())])
    except (SlipwayError, UnicodeDecodeError):
        return None
    found = ((d.full(content), content) for d in told.directories for content in d.contents)
    return next((content for full, content in found if full == folder), None)


def _copies(content: Content | None, chart: str) -> Callable[[str], bool | None]:
    """Return the test whether vendir copies a file of the chart; None when it keeps its own."""

    def copies(name: str) -> bool | None:
        if content is None:
            return True
        if any_matches(content.globs("ignorePaths"), name):
            return None
        path = posixpath.join(chart, name)
        include = content.globs("includePaths")
        kept = not include or any_matches(include, path)
        kept = kept and not any_matches(content.globs("excludePaths"), path)
        return kept or any_matches(content.globs("legalPaths"), path)

    return copies
