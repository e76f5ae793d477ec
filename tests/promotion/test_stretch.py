"""Skipping along straight lines: the same answers as step by step, merges and modes too."""

from __future__ import annotations

import random
from collections import deque
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.promotion.engine import Repository
from tasks.promotion.engine.origins import origins
from tests.promotion.line import Remote


def step_by_step(repository: Repository, start: str, path: str) -> str:
    """Return the commit that last changed a file: breadth-first, one commit after the other."""
    blob, waiting, seen, last = repository.tree(start)[path].blob, deque([start]), {start}, start
    while waiting:
        last = waiting.popleft()
        same = [
            parent
            for parent in repository.parents(last)
            if path in repository.tree(parent) and repository.tree(parent)[path].blob == blob
        ]
        if not same:
            return last
        for parent in same:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return last


@pytest.mark.parametrize("seed", range(6))
def test_origins_are_those_of_a_walk_step_by_step(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    remote = Remote(tmp_path / "remote.git")
    names = [f"f{n}" for n in range(6)]
    remote.commit("first", dict.fromkeys(names, "0"))
    for number in range(30):
        if pick.random() < 0.2:  # a side branch, merged with a file of its own
            main = remote.at()
            g.git("update-ref", "refs/heads/side", main, repo=remote.path)
            remote.commit(f"side {number}", {pick.choice(names): f"s{number}"}, branch="side")
            remote.commit(f"main {number}", {pick.choice(names): f"m{number}"})
            tree = g.text("rev-parse", f"{remote.at('side')}^{{tree}}", repo=remote.path)
            who = g.identity("Ada", "ada@example.org", f"{remote.clock + 30} +0000")
            above = ("-p", remote.at(), "-p", remote.at("side"))
            words = ("commit-tree", tree, *above, "-m", "merge")
            g.git("update-ref", "refs/heads/main", g.text(*words, repo=remote.path, env=who),
                  repo=remote.path)  # fmt: skip
        else:
            remote.commit(f"c{number}", {pick.choice(names): f"{number}"})
    repository = Repository(remote.path)
    at = remote.at()
    hashes = {path: entry.blob for path, entry in repository.tree(at).items()}
    wanted = {path: step_by_step(Repository(remote.path), at, path) for path in hashes}
    assert origins(repository, at, hashes) == wanted
    for path in names:  # asked again, from the middle of what is known by now
        assert origins(repository, at, {path: hashes[path]}) == {path: wanted[path]}


def test_a_line_ends_at_a_merge_and_stops_before_what_is_cared_for(tmp_path: Path) -> None:
    remote = Remote(tmp_path / "remote.git")
    first = remote.commit("first", {"a": "1", "b": "1"})
    cared = remote.commit("cared for", {"a": "2"})
    commits = [remote.commit(f"c{n}", {"b": f"{n + 2}"}) for n in range(100)]
    repository = Repository(remote.path)
    line = repository.line(commits[-1])
    assert line.quiet_until(commits[-1], lambda path: path == "a") == cared
    assert line.quiet_until(commits[-1], lambda path: path == "b") == commits[-1]
    assert line.quiet_until(commits[-1], lambda _: False) == first
    assert repository.line(commits[3]) is line
    assert line.last_changes(commits[9], ["a", "b", "c"]) == ({"a": cared, "b": commits[9]}, first)


def test_a_change_of_a_mode_alone_is_seen(tmp_path: Path) -> None:
    remote = Remote(tmp_path / "remote.git")
    first = remote.commit("first", {"run": "x", "b": "1"})
    second = remote.commit("may run", {"run": "x"}, mode="100755")
    third = remote.commit("later", {"b": "2"})
    for known in (False, True):
        repository = Repository(remote.path)
        if known:
            repository.line(third).quiet_until(third, lambda _: False)
        assert repository.other_modes(third, first) == {"run"}
        assert repository.other_modes(third, second) == set()


def test_what_comes_next_on_a_line_is_on_it(tmp_path: Path) -> None:
    """Or else the head, asked first, would be on none of those that are read."""
    remote = Remote(tmp_path / "remote.git")
    first, second, third = (remote.commit(f"c{n}", {"a": f"{n}"}) for n in range(3))
    repository = Repository(remote.path)
    line = repository.line(third)
    assert repository.line(second) is line
    assert line.commits == [third, second, first]
    other = Repository(remote.path)
    assert other.line(third) is not other.line(first)  # not next: what is between is not known


def test_parents_are_asked_for_more_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.promotion.engine.repository._NEWEST", 2)
    remote = Remote(tmp_path / "remote.git")
    commits = [remote.commit(f"c{n}", {"a": f"{n}"}) for n in range(60)]
    repository, asked = Repository(remote.path), list[str]()
    text = repository.text

    def counted(*args: str) -> str:
        asked.append(args[0])
        return text(*args)

    monkeypatch.setattr(repository, "text", counted)
    at, walked = commits[-1], 0
    while parents := repository.parents(at):
        (at,), walked = parents, walked + 1
    assert (at, walked, len(asked)) == (commits[0], 59, 3)


def test_any_number_of_heads_can_be_asked_about(tmp_path: Path) -> None:
    """A run moves the head itself, with every record."""
    remote = Remote(tmp_path / "remote.git")
    repository, before = Repository(remote.path), remote.commit("first", {"a": "1"})
    for number in range(20):
        head = remote.commit(f"c{number}", {"a": f"{number}!"})
        assert repository.parents(head) == (before,)
        before = head
