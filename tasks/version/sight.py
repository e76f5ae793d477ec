"""Pure: what counts when a repository is seen from one commit, and the next candidate by that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bump import (
    Tag,
    candidate_number,
    counting,
    current_and_prerelease,
    next_number,
    precedence,
    upcoming,
    versions,
)

if TYPE_CHECKING:
    from semver import Version

    from .commits import Commit
    from .rules import Rules


@dataclass(frozen=True, slots=True)
class View:
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
    """

    head: str
    tags: Mapping[str, str]
    reservations: Mapping[str, str]
    reachable: Callable[[str], Collection[str]]
    commits: Callable[[str | None], Sequence[Commit]]


@dataclass(frozen=True, slots=True)
class Sight:
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
        seen = [tag for tag in everything(view, rules) if tag.commit in near]
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


def next_candidate(view: View, rules: Rules) -> Version | None:
    """Return the next candidate by the bare rules, as cocogitto with a script on top numbers it.

    Unlike `candidates.decide` it knows nothing of inputs, and a head that carries a tag gets
    another version.

    Returns:
        None when no commit asks for a release.

    Raises:
        NoCountingCommit: see `bump.next_core`.
    """
    sight = Sight.of(view, rules)
    core = sight.next_core(view, rules)
    return None if core is None else core.replace(prerelease=f"rc.{sight.number(core)}")
