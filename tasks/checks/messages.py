"""The rule `conventional-commits`: every commit says what it is.

On the head these are the commits since the last release, on a branch those it has on top of main.
"""

from __future__ import annotations

from collections.abc import Collection

from ..forge import parse_trailers, rules_of
from ..kernel.errors import Failed
from ..kernel.world import World
from ..version import Commit, commits_since_release, complaint, look
from .subject import Subject

_SHOWN = 5


def _writes_itself(commit: Commit, promoted: Collection[str]) -> bool:
    """Say whether nobody chose the message: a merge, git's revert, or a squashed promotion.

    Args:
        commit: whose message it is.
        promoted: the candidates that we have ever promoted.
    """
    told = parse_trailers(commit.message)
    return (
        len(commit.parents) > 1
        or commit.message.startswith('Revert "')
        or (told is not None and told[0] in promoted)
    )


def _range(world: World, subject: Subject) -> tuple[tuple[Commit, ...], str]:
    """Return the commits to judge, and since when, in words."""
    told = subject.told(world)
    if not subject.ref:
        commits, since = commits_since_release(world, told["commit"])
        return tuple(commits), since
    main, (base, tip) = world.config.remotes.source.branch, (told["base"], told["tip"])
    since = f"{main} at {base[:7]}" if base else "the beginning"
    if base == tip:
        return (), since
    return tuple(look(world.mirror("source"), tip).commits(base or None)), since


def judge_messages(world: World, subject: Subject) -> str:
    """Judge the messages of the commits in question; merges write their own: skipped.

    Raises:
        Failed: with line and caret for the first few that break the grammar.
    """
    commits, since = _range(world, subject)
    promoted = rules_of(world).proofs
    judged = [commit for commit in commits if not _writes_itself(commit, promoted)]
    found = [(commit.id[:7], complaint(commit.message)) for commit in judged]
    wrong = [(commit, told) for commit, told in found if told]
    if wrong:
        detail = [
            line
            for commit, told in wrong[:_SHOWN]
            for line in (f"{commit}:", *(f"  {text}" for text in told.render()))
        ]
        more = [f"… and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
        raise Failed(
            f"{len(wrong)} of {len(judged)} commits since {since} do not say what they are",
            detail=[*detail, *more],
            fix="reword them (git rebase -i), then push again"
            if subject.ref
            else "reword them before they are merged (git rebase -i); one that is merged already"
            " counts for nothing in the version: leave the check out of pipeline.yml"
            " until the next release",
        )
    return f"{len(judged)} commit{'' if len(judged) == 1 else 's'} since {since}"
