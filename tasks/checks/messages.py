"""The rule `conventional-commits`: every commit since the last release says what it is."""

from __future__ import annotations

from collections.abc import Collection

from ..forge import parse_trailers, rules_of
from ..kernel import paths
from ..kernel.errors import Failed
from ..kernel.world import World
from ..version import Commit, commits_since_release, complaint

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


def judge_messages(world: World) -> str:
    """Judge the commits' messages since the last final release; merges write their own: skipped.

    Raises:
        Failed: with line and caret for the first few that break the grammar.
    """
    head = world.json(paths.HEAD)["commit"]
    commits, since = commits_since_release(world, head)
    wrong = []
    promoted = rules_of(world).proofs
    judged = [commit for commit in commits if not _writes_itself(commit, promoted)]
    for commit in judged:
        found = complaint(commit.message)
        if found:
            wrong.append((commit.id[:7], found))
    if wrong:
        detail = [
            line
            for commit, found in wrong[:_SHOWN]
            for line in (f"{commit}:", *(f"  {text}" for text in found.render()))
        ]
        more = [f"… and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
        raise Failed(
            f"{len(wrong)} of {len(judged)} commits since {since} do not say what they are",
            detail=[*detail, *more],
            fix="reword them before they are merged (git rebase -i); one that is merged already"
            " counts for nothing in the version: leave the check out of pipeline.yml"
            " until the next release",
        )
    return f"{len(judged)} commit{'' if len(judged) == 1 else 's'} since {since}"
