"""Commits that a run has put on the remote's and pushed, before it died: they are there already."""

from __future__ import annotations

from collections.abc import Collection

from .repository import Entry, Repository

Authored = tuple[tuple[str, str, str], bytes]


def authored(repository: Repository, commits: Collection[str]) -> dict[str, Authored]:
    """Return what stays of commits when they are made again: name, address and date; the words."""
    if not commits:
        return {}
    form = "--format=%H%x00%an%x00%ae%x00%ad"
    stdin = "".join(f"{commit}\n" for commit in commits).encode()
    told = repository.text("log", "--no-walk=unsorted", "--date=raw", form, "--stdin", stdin=stdin)
    raw = repository.objects(commits)
    found = dict[str, Authored]()
    for line in told.split("\n"):
        commit, name, email, date = line.split("\0")
        found[commit] = (name, email, date), raw[commit].partition(b"\n\n")[2]
    return found


class Twins:
    """What local commits may have been made into, among those that the remote alone has.

    Args:
        repository: has both.
        local: the commits that the remote does not have.
        head: the last of them.
        base: the remote's.

    Attributes:
        begin: what the first of the twins stands on; None without any.
    """

    def __init__(self, repository: Repository, local: list[str], head: str, base: str) -> None:
        self._repository = repository
        told = repository.text("rev-list", "--reverse", "--topo-order", f"{head}..{base}", "--")
        self._own = authored(repository, local)
        wanted = set(self._own.values())
        self._there = {
            twin: about
            for twin, about in authored(repository, told.split("\n") if told else []).items()
            if about in wanted and len(repository.parents(twin)) == 1
        }
        first = next(iter(self._there), None)
        self.begin = repository.parents(first)[0] if first is not None else None

    def of(self, commit: str) -> list[tuple[str, str]]:
        """Return the commits with a local one's author and words, and their parents."""
        about = self._own[commit]
        return [
            (twin, self._repository.parents(twin)[0])
            for twin, there in self._there.items()
            if there == about
        ]

    def take(self, twin: str) -> None:
        """Keep a commit from being another one's, too."""
        del self._there[twin]

    def changes(self, twin: str, parent: str) -> dict[str, Entry | None]:
        """Return what a commit changes: path → file, None for one that it removes."""
        before, after = self._repository.entries(parent), self._repository.entries(twin)
        return {
            path: after.get(path)
            for path in before.keys() | after.keys()
            if before.get(path) != after.get(path)
        }
