"""The three repositories as they stand outside now, for questions that a person asks.

Nothing is taken from facts: each remote is asked once, and its objects are fetched into our mirror.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion.engine import Repository


@dataclass(frozen=True, slots=True)
class Side:
    """A repository, and where it stands.

    Attributes:
        name: of the remote in `pipeline.yml`.
        branch: that is followed.
        head: its commit.
        refs: all of them: name → commit.
        repository: our mirror.
    """

    name: str
    branch: str
    head: str
    refs: Mapping[str, str]
    repository: Repository
    _known: dict[tuple[str, str], bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def mirror(self) -> Path:
        """Where our mirror is."""
        return self.repository.path

    def at(self, commit: str, path: str = "") -> str:
        """Return a place for a person: `charts@9c1d04e`, with a path behind it."""
        return f"{self.name}@{commit[:7]}" + (f"  {path}" if path else "")

    def holds(self, commit: str, head: str = "") -> bool:
        """Say whether the branch (or another commit) stands on a commit."""
        edge = commit, head or self.head
        if edge not in self._known:
            self._known[edge] = self.knows(commit) and remotes.is_ancestor(self.mirror, *edge)
        return self._known[edge]

    def knows(self, commit: str) -> bool:
        """Say whether a full id is that of a commit here, in a branch or not."""
        if (commit, "") not in self._known:
            self._known[commit, ""] = self.repository.is_commit(commit)
        return self._known[commit, ""]

    def file(self, commit: str, path: str) -> bytes | None:
        """Return a file at a commit; None when it is not there."""
        entry = self.repository.tree(commit).get(path)
        return None if entry is None else self.repository.blob(entry.blob)

    def changes(self, path: str, head: str = "") -> list[str]:
        """Return the commits below the branch (or another one) that changed a file, newest first.

        Of a merge, the merge: from then on the branch had it.
        """
        how = ("--literal-pathspecs", "log", "--first-parent", "--format=%H")
        return g.lines(*how, head or self.head, "--", path, repo=self.mirror)

    def told(self, commit: str) -> Told:
        """Return what a commit says of itself."""
        form = "--format=%ct%x00%an%x00%s%x00%B"
        seconds, by, subject, message = g.text(
            "log", "-1", "--no-show-signature", form, commit, "--", repo=self.mirror
        ).split("\0")
        return Told(commit, int(seconds), by, subject, message)


@dataclass(frozen=True, slots=True)
class Told:
    """What a commit says of itself.

    Attributes:
        commit: its id.
        seconds: its (committer's) date, since 1970.
        by: its author.
        subject: the first line.
        message: all of it.
    """

    commit: str
    seconds: int
    by: str
    subject: str
    message: str

    @property
    def date(self) -> str:
        """Its date for a person."""
        return f"{datetime.fromtimestamp(self.seconds, UTC):%Y-%m-%d %H:%M} UTC"

    @property
    def instant(self) -> str:
        """Its date for a program."""
        return f"{datetime.fromtimestamp(self.seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def trailers(self, key: str) -> list[str]:
        """Return what its lines `KEY: …` say."""
        start = f"{key}: "
        found = [line for line in self.message.splitlines() if line.startswith(start)]
        return [line.removeprefix(start).strip() for line in found]

    def trailer(self, key: str) -> str:
        """Return what the last line `KEY: …` says; "" when there is none."""
        return next(reversed(self.trailers(key)), "")

    @property
    def approver(self) -> str:
        """Who approved it: as it says, else whoever made it."""
        return self.trailer("Approved-by") or self.by

    @property
    def approval(self) -> str:
        """Who approved it, and why when it says so."""
        reason = self.trailer("Reason")
        return f"{self.approver}: {reason}" if reason else self.approver


@dataclass(frozen=True, slots=True)
class Sides:
    """The repositories, each asked when it is first needed, and once."""

    world: World
    _asked: dict[str, Side | SlipwayError] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Side:
        """Return a repository by its name in `pipeline.yml`.

        Raises:
            SlipwayError: it cannot be read, or lacks the branch.
        """
        if name not in self._asked:
            try:
                self._asked[name] = ask(self.world, name)
            except SlipwayError as error:
                self._asked[name] = error
        found = self._asked[name]
        if isinstance(found, SlipwayError):
            raise found
        return found


def ask(world: World, name: str) -> Side:
    """Ask a remote where it stands, and have its objects in our mirror.

    Raises:
        SlipwayError: it cannot be read, or lacks the branch.
    """
    told = getattr(world.config.remotes, name)
    where = remotes.address(world, told)
    if told.embedded and not Path(where).exists():
        raise SlipwayError(
            f"the sandbox has no {name} yet",
            where=told.url,
            fix="doit release makes it, and goes as far as it can",
        )
    refs = remotes.ls(where)
    head = refs.get(f"refs/heads/{told.branch}", "")
    if not head:
        raise SlipwayError(
            f"there is no branch {told.branch}",
            where=told.url,
            fix=f"set remotes.{name}.branch in {world.config.file}, or push the branch",
        )
    mirror = remotes.mirror(world, name, where, refs)
    return Side(name, told.branch, head, refs, Repository(mirror))


def short(commit: str) -> str:
    """Return an id for a person."""
    return commit[:7]
