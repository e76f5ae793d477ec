"""A record that is killed, at whatever step, is gone or is there: the next one goes on from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import facts
from tasks.kernel import git as g
from tasks.promotion.engine import remote
from tasks.promotion.engine.repository import Repository

from .conftest import Deployments


class _Killed(BaseException):
    pass


_PUSHED = ("record", "-e", "staging", "--reset-head", "--push", "--git-url", "x",
           "--git-private-key", "x")  # fmt: skip
_STEPS = ("hash-object", "read-tree", "update-index", "write-tree", "commit-tree", "update-ref")


def _dies_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever is written before a step happen, and nothing from then on."""
    steps = iter(range(step, -1, -1))

    def counted(act: Callable[..., Any], writes: Callable[..., bool]) -> Callable[..., Any]:
        def acting(*args: Any, **how: Any) -> Any:
            if writes(args) and not next(steps):
                raise _Killed
            return act(*args, **how)

        return acting

    git = counted(Repository.git, lambda args: args[1] in _STEPS)
    monkeypatch.setattr(Repository, "git", git)
    monkeypatch.setattr(facts, "write_bytes", counted(facts.write_bytes, lambda _: True))


def test_a_run_that_died_anywhere_loses_no_record_that_it_has_committed(
    track: Deployments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for environment in ("staging", "qa"):
        track.cepler("record", "-e", environment, "--reset-head")
    two = track.commit("two", {"app/a.yml": "two"})
    for step in range(99):
        tree = Deployments(tmp_path / f"killed-{step}")
        shutil.copytree(track.root, tree.root, symlinks=True)
        with monkeypatch.context() as patch:
            _dies_at(step, patch)
            try:
                tree.cepler("record", "-e", "staging", "--reset-head")
                break
            except _Killed:
                pass
        committed = tree.head != two
        tree.write({"app/a.yml": "three"})
        tree.git("commit", "--quiet", "-m", "three", "--", "app/a.yml")
        assert tree.cepler("record", "-e", "staging", "--reset-head").code == 0
        record = tree.record_of("staging")
        assert record.version == 2 + committed, step
        assert [one.head_commit for one in record.propagation_queue] == [two] * committed, step
        assert tree.git("status", "--porcelain") == ""
    assert step > len(_STEPS)


def _dies_after_the_push(step: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a number of git's commands happen after the push; return the list that they go to."""
    git, swap = Repository.git, remote._swap
    seen: list[str] = []
    pushed: list[bool] = []

    def counted(self: Repository, *args: str, **how: Any) -> bytes:
        if pushed:
            if len(seen) == step:
                raise _Killed
            seen.append(args[0])
        return git(self, *args, **how)

    def swapped(*args: Any) -> bool:
        pushed.append(swap(*args))
        return pushed[0]

    monkeypatch.setattr(Repository, "git", counted)
    monkeypatch.setattr(remote, "_swap", swapped)
    return seen


def _moved_on(pair: tuple[Deployments, Deployments, Path]) -> None:
    """Let the remote have other commits, and the first clone two that it has not pushed."""
    one, two, _ = pair
    two.commit("theirs", {"README": "theirs", "docs/new": "n", "qa.yml": "same"})
    two.git("rm", "--quiet", "production.yml")
    two.commit("gone")
    two.git("push", "--quiet", "origin", "main")
    one.commit("same", {"qa.yml": "same"})
    one.commit("mine", {"app/a.yml": "mine"})
    one.commit("mine", {"app/a.yml": "mine 2"})


def test_a_run_that_died_anywhere_after_its_push_is_gone_on_from(
    pair: tuple[Deployments, Deployments, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _moved_on(pair)
    for step in range(99):
        folder = tmp_path / f"killed-{step}"
        for tree in (pair[0].root, pair[2]):
            shutil.copytree(tree, folder / tree.name, symlinks=True)
        one, bare = Deployments(folder / "one"), folder / pair[2].name
        one.git("remote", "set-url", "origin", str(bare))
        with monkeypatch.context() as patch:
            _dies_after_the_push(step, patch)
            try:
                assert one.cepler(*_PUSHED).code == 0
                break
            except _Killed:
                pass
        pushed = g.text("rev-parse", "main", repo=bare)
        said = one.cepler(*_PUSHED)
        assert said.code == 0, (step, said.err)
        assert one.head == g.text("rev-parse", "main", repo=bare)
        # Nothing is there twice: one more record stands on what was pushed.
        assert one.git("rev-parse", "HEAD^") == pushed, step
        assert one.git("status", "--porcelain") == "", step
        assert [one.read(name) for name in ("README", "docs/new")] == ["theirs", "n"]
        assert not (one.root / "production.yml").exists()
        g.git("clone", "--quiet", str(bare), str(folder / "fresh"))
        assert Deployments(folder / "fresh").cepler("reproduce", "-e", "staging").code == 0
    assert step > 5


def test_a_commit_that_was_amended_after_its_push_is_not_taken_for_the_pushed_one(
    pair: tuple[Deployments, Deployments, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, bare = pair
    two.commit("theirs", {"README": "theirs"})
    two.git("push", "--quiet", "origin", "main")
    one.commit("mine", {"app/a.yml": "mine"})
    with monkeypatch.context() as patch:
        _dies_after_the_push(0, patch)
        with pytest.raises(_Killed):
            one.cepler(*_PUSHED)
    pushed = g.text("rev-parse", "main", repo=bare)
    one.git("reset", "--quiet", "--hard", "HEAD~1")
    one.write({"app/a.yml": "amended"})
    one.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    said = one.cepler(*_PUSHED)
    assert (said.code, "app/a.yml was changed on the remote, too" in said.err) == (1, True)
    assert g.text("rev-parse", "main", repo=bare) == pushed
