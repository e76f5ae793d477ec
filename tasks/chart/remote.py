"""The charts remote: where it stands, and what its chart is at a commit."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.config import Chart
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from .modules import of_chart, ref_files
from .release import CHART_FILE, IS_RELEASE, Content

REMOTE = "charts"
TRAILER = "Slipway-Release"
_NEAR = 30  # commits that people may have put on top of ours


def chart_of(world: World) -> Chart:
    """Return the chart as configured.

    Raises:
        SlipwayError: there is none; its tasks are not declared then.
    """
    if world.config.chart is None:
        raise SlipwayError("no chart is configured", where=world.config.where("chart"))
    return world.config.chart


def branch_of(world: World, *, final: bool = True) -> str:
    """Return the branch of our pull request: that of releases, or that of candidates."""
    return f"bot-bump-{chart_of(world).name}" + ("" if final else "-rc")


def repository_of(world: World) -> str:
    """Return the source's address as breadcrumbs and links name it."""
    from .bump.pull_request import web_address

    url = world.config.remotes.source.url
    return web_address(url) or url


def address(world: World) -> str:
    """Return what git is given to reach the remote."""
    return remotes.address(world, world.config.remotes.charts)


@dataclass(frozen=True, slots=True)
class Charts:
    """The remote as it was when it was asked.

    Attributes:
        told: the chart as configured.
        mirror: our copy of its objects.
        branch: the branch that is followed.
        head: that branch's commit.
        refs: all its refs.
    """

    told: Chart
    mirror: Path
    branch: str
    head: str
    refs: Mapping[str, str] = field(default_factory=dict)

    def content(self, commit: str) -> Content:
        """Return what releases change.

        Raises:
            SlipwayError: a file is not there, or is no plain file.
        """
        at = f"{REMOTE}@{commit[:7]}"
        found = []
        for name in (self.told.values, CHART_FILE):
            path = posixpath.join(self.told.path, name)
            text = remotes.files_at(self.mirror, commit, path)
            if text is None:
                raise SlipwayError(
                    f"there is no {path}",
                    where=at,
                    fix="correct the section chart of pipeline.yml, or commit the chart",
                )
            found.append(text)
        notes = {}
        for path in (IS_RELEASE, *ref_files(self.told)):
            note = remotes.files_at(self.mirror, commit, posixpath.join(self.told.path, path))
            if note is not None:
                notes[path] = note
        modules = of_chart(self.mirror, self.told, commit)
        values, about = found
        return Content(self.told, at, values, about, notes, modules)

    def tree(self, commit: str) -> str:
        """Return the git tree id of the chart's folder; "" when there is no such folder."""
        listed = ("--literal-pathspecs", "ls-tree", "-d", commit, "--", self.told.path)
        entry = g.text(*listed, repo=self.mirror)
        return entry.split()[2] if entry else ""

    def newest(self) -> str:
        """Return the newest commit of the branch that changed the chart's folder.

        A merge that brought a change in is that commit, not what it merged: only its tree was ever
        the branch's.
        """
        log = ("--literal-pathspecs", "log", "-1", "--first-parent", "--format=%H", self.head)
        return g.text(*log, "--", self.told.path, repo=self.mirror)

    def left_at(self, commit: str) -> str:
        """Return where a branch has left ours; "" when they share no history."""
        return g.text("merge-base", self.head, commit, repo=self.mirror, ok=(0, 1))

    def strange_files(self, commit: str) -> list[str]:
        """Return what a branch changes outside of the chart's folder."""
        base = self.left_at(commit)
        if not base:
            return ["everything: it shares no history with the branch below"]
        diff = ("diff", "--name-only", "--no-renames", "-z", base, commit, "--")
        names = g.text(*diff, repo=self.mirror).split("\0")
        return [name for name in names if name and not name.startswith(f"{self.told.path}/")]

    def collides(self, commit: str) -> bool:
        """Say whether the branch below changed what a bump changes since a branch left it."""
        base = self.left_at(commit)
        ours = (self.told.values, CHART_FILE, IS_RELEASE, *self.told.modules, *ref_files(self.told))
        files = [posixpath.join(self.told.path, name) for name in ours]
        diff = ("--literal-pathspecs", "diff", "--quiet", base, self.head, "--", *files)
        return not base or g.returncode(*diff, repo=self.mirror) != 0

    def is_ours(self, commit: str) -> bool:
        """Say whether we made a commit, or it is in the branch below already."""
        message = g.text("log", "-1", "--format=%B", commit, "--", repo=self.mirror)
        return bool(_named(message)) or remotes.is_ancestor(self.mirror, commit, self.head)

    def is_foreign(self, commit: str) -> bool:
        """Say whether a branch is somebody's own work: neither merged nor on top of a bump."""
        if remotes.is_ancestor(self.mirror, commit, self.head):
            return False
        log = ("log", f"--max-count={_NEAR}", "--format=%B", commit, f"^{self.head}", "--")
        return not _named(g.text(*log, repo=self.mirror))


def _named(message: str) -> list[str]:
    return re.findall(rf"^{TRAILER}: (\S+) *$", message, re.MULTILINE)


def ask(world: World) -> Charts:
    """Ask the remote where it stands now, and have its objects in our mirror.

    Raises:
        SlipwayError: it cannot be read, or lacks the branch.
    """
    told, where = world.config.remotes.charts, address(world)
    refs = remotes.ls(where)
    head = refs.get(f"refs/heads/{told.branch}", "")
    if not head:
        raise SlipwayError(
            f"there is no branch {told.branch}",
            where=told.url,
            fix="set remotes.charts.branch in pipeline.yml, or push the branch",
        )
    return Charts(
        chart_of(world), remotes.mirror(world, REMOTE, where, refs), told.branch, head, refs
    )
