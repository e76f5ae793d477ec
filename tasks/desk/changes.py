"""The changes of the source between two commits, each by the title of its pull request."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..forge.promotions import CANDIDATE, proofs_in
from ..kernel import git as g
from .sides import Side

_MERGED = re.compile(r"Merge pull request #([1-9][0-9]{0,9})\b")
_SQUASHED = re.compile(r"(.*\S) \(#([1-9][0-9]{0,9})\)")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the source; `pull` is the number of its pull request, 0 when nobody says."""

    commit: str
    subject: str
    pull: int


def changes(source: Side, old: str, new: str) -> tuple[Change, ...]:
    """Return what came to the branch between two commits, but for promotions of candidates."""
    ours = {commit for commits in proofs_in(source.refs).values() for commit in commits}
    form = ("--first-parent", "--no-show-signature", "--format=%H%x00%P%x00%B%x00")
    told = g.text("log", *form, f"{old}..{new}", "--", repo=source.mirror).split("\0")
    found = []
    for line, parents, message in zip(told[0::3], told[1::3], told[2::3], strict=False):
        commit = line.strip()
        if not ours & {commit, *parents.split()} and f"\n{CANDIDATE}: " not in message:
            found.append(_change(commit, message))
    return tuple(found)


def _change(commit: str, message: str) -> Change:
    """Return a change by its pull request's title, where a merge or a squash tells it."""
    subject, *rest = message.strip().splitlines() or [""]
    if merged := _MERGED.match(subject):
        title = next((line.strip() for line in rest if line.strip()), subject)
        return Change(commit, title, int(merged[1]))
    if squashed := _SQUASHED.fullmatch(subject.strip()):
        return Change(commit, squashed[1], int(squashed[2]))
    return Change(commit, subject.strip(), 0)
