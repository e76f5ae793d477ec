"""The port to a forge: what the pipeline asks of one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..kernel.errors import SlipwayError
from ..kernel.facts import canonical

State = Literal["open", "closed", "merged"]
Verdict = Literal["pending", "success", "failure"]


class Refused(SlipwayError):
    """The forge's own no to us: it was reached, it has understood, and asking again is no use."""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request.

    Attributes:
        number: as the forge counts.
        title: its first line.
        body: its text.
        branch: name of the branch to merge.
        base: name of the branch to merge into.
        head: commit that its branch stands at; "" when the branch is gone.
        draft: not yet ready to be merged.
        labels: sorted.
        state: open, closed or merged.
        where: address for a person.
        reviewers: who was asked to look at it and has not answered, sorted; a team is ORG/TEAM.
    """

    number: int
    title: str
    body: str
    branch: str
    base: str
    head: str
    draft: bool
    labels: tuple[str, ...]
    state: State
    where: str
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewPull:
    """A pull request to open."""

    title: str
    body: str
    branch: str
    base: str
    labels: tuple[str, ...]
    draft: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """A release, or the draft of one.

    Attributes:
        tag: the tag that it belongs to.
        commit: the commit to release.
        name: its title.
        notes: its text, Markdown.
        draft: nobody sees it yet, and its assets may still change.
        assets: name → SHA-256 in hex.
        where: address for a person.
    """

    tag: str
    commit: str
    name: str
    notes: str
    draft: bool
    assets: Mapping[str, str] = field(default_factory=dict)
    where: str = ""


def asset_claim(assets: Mapping[str, str]) -> str:
    """Return one value that stands for all assets of a release with their content."""
    return "sha256:" + hashlib.sha256(canonical(dict(assets))).hexdigest()


class Forge(Protocol):
    """What the pipeline asks of a forge. All methods raise `SlipwayError` if the forge says no.

    A method that changes something may be called again after it broke off: what it had made is
    taken up, never doubled.
    """

    def check(self) -> None:
        """Look, without changing anything, whether the forge can be used."""

    def pulls(self, branch: str) -> list[Pull]:
        """Return the pull requests from a branch, in any state, newest first."""

    def open_pull(self, new: NewPull) -> Pull:
        """Open a pull request."""

    def update_pull(self, number: int, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        """Change an open pull request in place; labels that others added stay."""

    def open_pulls(self, labels: tuple[str, ...]) -> list[Pull]:
        """Return the open pull requests that carry all these labels, newest first."""

    def mark_ready(self, number: int) -> None:
        """Make a draft an ordinary pull request; one that is none stays as it is."""

    def request_reviews(self, number: int, reviewers: tuple[str, ...]) -> None:
        """Ask people, and teams as ORG/TEAM, to look at it; who was asked already stays asked."""

    def close_pull(self, number: int) -> None:
        """Close a pull request without merging it; one that is closed stays so."""

    def comment(self, number: int, text: str) -> None:
        """Add a comment."""

    def comments(self, number: int) -> list[str]:
        """Return the comments, oldest first: whoever adds one looks whether it is there."""

    def merge_pull(self, number: int, head: str, by: str, why: str) -> str:
        """Merge a pull request if its branch still stands at `head`; return the base's commit."""

    def release(self, tag: str) -> Release | None:
        """Return the release or draft of a tag; None when there is none."""

    def draft(self, tag: str, commit: str, name: str, notes: str) -> Release:
        """Make the draft of a release, or give the one that is there this commit, name and text."""

    def attach(self, tag: str, name: str, content: bytes) -> None:
        """Add an asset to a draft, or replace it."""

    def asset(self, tag: str, name: str) -> bytes:
        """Return an asset's content."""

    def publish(self, tag: str) -> None:
        """Publish a draft: from now on it does not change."""

    def retitle(self, tag: str, name: str, notes: str) -> None:
        """Give a published release other words; its tag and its assets stay what they are.

        Raises:
            Refused: the forge does not let us.
        """

    def latest(self) -> str:
        """Return the tag of the release that is shown as the latest; "" when none is."""

    def make_latest(self, tag: str) -> None:
        """Show a published release as the latest.

        Raises:
            Refused: the forge does not let us.
        """

    def delete_draft(self, tag: str) -> None:
        """Delete a draft with its assets, when there is one; a published release is refused."""

    def statuses(self, commit: str) -> Mapping[str, Verdict]:
        """Return the statuses of a commit, as `set_status` sets them: name → verdict.

        Raises:
            Refused: the forge does not let us, or has no such commit.
        """

    def verdicts(self, commit: str) -> Mapping[str, Verdict]:
        """Return all that was said of a commit, by us and by others: name of the check → verdict.

        Besides the statuses it is what others say in ways of their own, which takes a permission
        more on some forges.

        Raises:
            Refused: the forge does not let us, or has no such commit.
        """

    def set_status(
        self, commit: str, name: str, verdict: Verdict, says: str, link: str = ""
    ) -> None:
        """Say something of a commit under a name; what was said under it before is replaced.

        Raises:
            Refused: the forge does not let us, or has no such commit.
        """
