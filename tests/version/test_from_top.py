"""The next version is the same by one look at the range and by a look at the whole history."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.version.history import look, rules_at
from tasks.version.sight import View, next_candidate

from .repository import Repository

MESSAGES = ("feat: x\n", "fix: x\n", "docs: x\n", "feat!: x\n", "whatever\n")
TAGS = (
    *("0.1.0", "0.2.0", "0.2.0-rc.1", "0.2.0-rc.2", "0.3.0-rc.1", "0.3.0-beta.1", "1.0.0"),
    *("1.0.0-rc.1", "1.0.0-rc.2", "v1.1.0", "nightly", "1.0.0+build", "1.0", "2.0.0-rc.1"),
)


def _said(view: View, folder: Path) -> str:
    try:
        return str(next_candidate(view, rules_at(folder, view.head)))
    except SlipwayError as error:
        return error.what


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_both_ways_agree_on_random_histories(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    repo = Repository(tmp_path / "source")
    commits = [repo.commit("feat: first\n", file="x")]
    for number in range(8):
        repo.branch(f"b{number}", chance.choice(commits))
        commits.append(repo.commit(chance.choice(MESSAGES), **{f"file{number}": "x"}))
        other = chance.choice(commits)
        joined = g.returncode("merge-base", "--is-ancestor", other, "HEAD", repo=repo.folder) == 0
        if not joined:
            commits.append(repo.merge(other, "Merge\n"))
    for name in chance.sample(TAGS, 6):
        repo.tag(name, chance.choice(commits), annotated=chance.random() < 0.5)
    repo.tag("3.0.0", "HEAD:file")
    repo.reserve("0.4.0-rc.1", chance.choice(commits))
    for ref in commits:
        quick, whole = look(repo.folder, ref, hasty=True), look(repo.folder, ref)
        slow = whole._replace(above=lambda _commit: None)
        assert _said(quick, repo.folder) == _said(whole, repo.folder) == _said(slow, repo.folder)


def test_a_candidate_past_the_final_counts_wherever_it_stands(repo: Repository) -> None:
    """Cut before the final was: outside of the range, and in sight all the same."""
    repo.commit("feat: a\n")
    repo.tag("0.3.0-rc.4")
    repo.commit("fix: b\n")
    repo.tag("0.2.0")
    repo.commit("feat: c\n")
    for hasty in (True, False):
        view = look(repo.folder, hasty=hasty)
        assert _said(view, repo.folder) == "0.3.0-rc.5"


def test_a_final_of_another_branch_is_out_of_sight(repo: Repository) -> None:
    repo.commit("feat: a\n")
    repo.tag("0.1.0")
    repo.branch("other")
    repo.commit("feat: b\n")
    repo.tag("5.0.0")
    repo.branch("main", "0.1.0")
    repo.commit("fix: c\n")
    assert _said(look(repo.folder, hasty=True), repo.folder) == "0.1.1-rc.1"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "source")
