"""Pure: which version a commit has, or gets (DESIGN.md, "Which commit, which version").

A commit that carries a candidate, or whose release inputs are those of the newest one, *has* its
version; only otherwise is the next one computed. So an idle run names what the run before it named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tasks.kernel.errors import SlipwayError

from .bump import NoCountingCommit, Tag, core_of
from .number import Version, precedence
from .rules import Rules
from .sight import RESERVATIONS, Sight, View, everything


class Decision(NamedTuple):
    """The version of the commit that is to be released.

    Attributes:
        version: the candidate, without tag prefix (`1.2.0-rc.1`).
        core: the final version that it is a candidate of (`1.2.0`).
        commit: where the candidate stands, or is to stand; an ancestor of the head when nothing
            that is released changed since.
        reserve: whether the number has still to be reserved for that commit.
        previous: the highest final version below `core` that `commit` descends from, or None; the
            base of changelog and release notes, the same before and after `core` is released.
        previous_commit: where that one stands.
        reason: one line for people.
    """

    version: str
    core: str
    commit: str
    reserve: bool
    previous: str | None
    previous_commit: str | None
    reason: str


class NothingToRelease(NamedTuple):
    """No commit asks for a version.

    Attributes:
        kept: the newest candidate in sight that is not spent, which stays named, or None.
        reason: one line for people.
    """

    kept: Decision | None
    reason: str


def decide(
    view: View, rules: Rules, fingerprint: Callable[[str], str]
) -> Decision | NothingToRelease:
    """Decide which version the head has, or which one it gets.

    Args:
        view: the repository, seen from the head.
        rules: `cog.toml` at the head (rule 13).
        fingerprint: given a commit, what its release inputs amount to.

    Raises:
        SlipwayError: the version stands on another commit already.
    """
    return _Deciding(view, rules).decide(fingerprint)


class _Deciding:
    def __init__(self, view: View, rules: Rules) -> None:
        self.view = view
        self.rules = rules
        self.everything = everything(view, rules)
        self.finals: dict[str, set[str]] = {}  # core -> the commits its final tag stands on
        self.places: dict[str, set[str]] = {}  # version -> commits
        for tag in self.everything:
            self.places.setdefault(str(tag.version), set()).add(tag.commit)
            if tag.version.prerelease is None:
                self.finals.setdefault(str(core_of(tag.version)), set()).add(tag.commit)

    def decide(self, fingerprint: Callable[[str], str]) -> Decision | NothingToRelease:
        head = self.view.head
        sight = Sight.of(self.view, self.rules)
        live = [tag for tag in sight.candidates if not self.spent(tag)]
        here = [tag for tag in live if tag.commit == head]
        if here:
            return self.existing(here[-1], "this commit carries it")
        newest = live[-1] if live and live[-1] is sight.candidates[-1] else None
        if newest is not None and fingerprint(newest.commit) == fingerprint(head):
            return self.existing(newest, "nothing that is released changed since")
        coming = self.following(sight)
        if isinstance(coming, Decision):
            return coming
        kept = self.existing(live[-1], "the newest candidate in sight") if live else None
        return NothingToRelease(kept, coming)

    def spent(self, candidate: Tag) -> bool:
        """Tell whether the candidate's final version was released, but from another commit."""
        released = self.finals.get(str(core_of(candidate.version)), set())
        return bool(released) and candidate.commit not in released

    def following(self, sight: Sight) -> Decision | str:
        """Return the next candidate, or the reason why there is none."""
        if sight.current is not None and sight.current.commit == self.view.head:
            return f"this commit is {sight.current.version} itself"
        try:
            core = sight.next_core(self.view, self.rules)
        except NoCountingCommit as error:
            return error.what
        if core is None:
            return sight.no_release(self.view, self.rules)
        self.refuse_released(core)
        number = sight.number(core)
        while self.places.get(f"{core}-rc.{number}", set()) - {self.view.head}:
            number += 1
        version = core._replace(prerelease=f"rc.{number}")
        return self.decision(version, self.view.head, f"by the commits {sight.since}")

    def refuse_released(self, core: Version) -> None:
        elsewhere = self.finals.get(str(core))
        if elsewhere:
            # Such a candidate would be spent from birth: its release could only collide with the
            # one that is there.
            raise SlipwayError(
                f"the next version is {core}, which is released already from outside this history",
                detail=[
                    f"{core} stands on {', '.join(sorted(elsewhere))}",
                    f"to release is {self.view.head}",
                ],
                fix=f"merge the tag of {core} into the branch, then run the same again",
            )

    def existing(self, candidate: Tag, reason: str) -> Decision:
        version = str(candidate.version)
        tag, reservation = f"refs/tags/{self.rules.tag_prefix}{version}", RESERVATIONS + version
        places = {
            tag: self.view.tags.get(self.rules.tag_prefix + version),
            reservation: self.view.reservations.get(version),
        }
        if set(places.values()) - {None, candidate.commit}:
            raise SlipwayError(
                f"{version} stands on two commits",
                detail=[f"{ref} is {commit}" for ref, commit in places.items()],
                fix=f"delete the wrong one: git push REMOTE --delete {tag} (or {reservation})",
            )
        return self.decision(candidate.version, candidate.commit, reason)

    def decision(self, version: Version, commit: str, reason: str) -> Decision:
        core = core_of(version)
        previous = self.previous(core, commit)
        return Decision(
            version=str(version),
            core=str(core),
            commit=commit,
            reserve=self.view.reservations.get(str(version)) != commit,
            previous=str(previous.version) if previous else None,
            previous_commit=previous.commit if previous else None,
            reason=reason,
        )

    def previous(self, core: Version, commit: str) -> Tag | None:
        near = self.view.reachable(commit)
        below = [
            tag
            for tag in self.everything
            if tag.version.prerelease is None
            and precedence(tag.version) < precedence(core)
            and tag.commit in near
        ]
        return below[-1] if below else None
