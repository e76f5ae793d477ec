"""Pure: what counts when a repository is seen from one commit, and the next candidate by that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from .bump import (
    Tag,
    candidate_number,
    counting,
    current_and_prerelease,
    next_number,
    upcoming,
    versions,
)
from .commits import Commit
from .number import Version, not_below_finals, precedence
from .rules import Rules

RESERVATIONS = "refs/slipway/candidates/"


def _unknown(_commit: str) -> None:
    return None


class View(NamedTuple):
    """What a repository shows of itself from one commit.

    Attributes:
        head: id of the commit that is to be released.
        tags: every tag, name to commit, wherever it stands.
        reservations: every candidate number that was reserved, version to commit, wherever it
            stands.
        reachable: given a commit, those commits with a tag or a reservation that are it or its
            ancestors.
        commits: given the base of a range (None: the whole history), the commits of base..head;
            given head itself, that one commit (rule 4).
        above: given a commit, those of commit..head when head stands on it; else None, which may
            also mean that this cannot be told cheaply.
    """

    head: str
    tags: Mapping[str, str]
    reservations: Mapping[str, str]
    reachable: Callable[[str], Collection[str]]
    commits: Callable[[str | None], Sequence[Commit]]
    above: Callable[[str], Sequence[Commit] | None] = _unknown


class Sight(NamedTuple):
    """What the head descends from; nothing else counts (rules 1 to 3).

    Attributes:
        current: the highest final tag, or None (which stands for 0.0.0).
        prerelease: the highest version of all when it is above `current`.
        candidates: tags and reservations `X-rc.N`, lowest first.
    """

    current: Tag | None
    prerelease: Tag | None
    candidates: tuple[Tag, ...]

    @classmethod
    def of(cls, view: View, rules: Rules) -> Sight:
        """Sort out what the head of `view` descends from."""
        near = view.reachable(view.head)
        return cls._seen([tag for tag in everything(view, rules) if tag.commit in near])

    @classmethod
    def from_top(cls, view: View, rules: Rules) -> Sight:
        """Sort out the highest final that the head descends from, and what is above it.

        Most often that is the highest of all, and then one look at the range tells all that the
        next version hangs on, however long the history is. Candidates below it are left out.
        """
        near_top = not_below_finals(view.tags, rules.tag_prefix)
        tags = everything(view._replace(tags={name: view.tags[name] for name in near_top}), rules)
        finals = [place for place, tag in enumerate(tags) if tag.version.prerelease is None]
        top = tags[finals[-1] :] if finals else []
        above = view.above(top[0].commit) if top else None
        if above is None:
            return cls.of(view, rules)
        inside = {view.head, top[0].commit, *(commit.id for commit in above)}
        # One of them outside the range may be in sight all the same, below the final's commit.
        return cls._seen(top) if all(t.commit in inside for t in top) else cls.of(view, rules)

    @classmethod
    def _seen(cls, seen: list[Tag]) -> Sight:
        current, prerelease = current_and_prerelease(seen)
        candidates = tuple(tag for tag in seen if candidate_number(tag.version) is not None)
        return cls(current, prerelease, candidates)

    @property
    def since(self) -> str:
        """Name the range for people."""
        return f"since {self.current.version}" if self.current else "in the whole history"

    def commits(self, view: View) -> Sequence[Commit]:
        """Return the range that decides (rule 4)."""
        return view.commits(self.current.commit if self.current else None)

    def next_core(self, view: View, rules: Rules) -> Version | None:
        """Return the next candidate's core, or None when no commit asks for one (rules 4 to 12).

        Raises:
            NoCountingCommit: see `bump.next_core`.
        """
        current = self.current.version if self.current else None
        prerelease = self.prerelease.version if self.prerelease else None
        untagged = current is None and prerelease is None
        return upcoming(current, prerelease, () if untagged else self.commits(view), rules)

    def number(self, core: Version) -> int:
        """Return the number that follows the candidates of `core` in sight."""
        return next_number(core, (tag.version for tag in self.candidates))

    def no_release(self, view: View, rules: Rules) -> str:
        """Say in one line why the commits that count ask for no release."""
        types = sorted({said.type for said in counting(self.commits(view), rules)})
        return f"no commit {self.since} asks for a release: there is only {', '.join(types)}"


def everything(view: View, rules: Rules) -> list[Tag]:
    """Return tags and reservations (they count as candidates) as versions, lowest first."""
    reserved = [
        tag for tag in versions(view.reservations) if candidate_number(tag.version) is not None
    ]
    both = [*reserved, *versions(view.tags, rules.tag_prefix)]
    return sorted(both, key=lambda tag: precedence(tag.version))


def last_release(view: View, rules: Rules, below: str) -> Tag | None:
    """Return the highest final version that the head descends from and that is below another one.

    Args:
        view: the repository.
        rules: for the prefix of tags.
        below: a version without prefix.

    Raises:
        ValueError: that is no version.
    """
    limit = precedence(Version.parse(below))
    current = Sight.from_top(view, rules).current
    if current is None or precedence(current.version) < limit:
        return current
    near = view.reachable(view.head)
    finals = [
        tag
        for tag in everything(view, rules)
        if tag.version.prerelease is None and tag.commit in near
    ]
    return next((tag for tag in reversed(finals) if precedence(tag.version) < limit), None)


def next_candidate(view: View, rules: Rules) -> Version | None:
    """Return the next candidate by the bare rules, as cocogitto with a script on top numbers it.

    Unlike `candidates.decide` it knows nothing of inputs, and a head that carries a tag gets
    another version.

    Returns:
        None when no commit asks for a release.

    Raises:
        NoCountingCommit: see `bump.next_core`.
    """
    sight = Sight.from_top(view, rules)
    core = sight.next_core(view, rules)
    return None if core is None else core._replace(prerelease=f"rc.{sight.number(core)}")
