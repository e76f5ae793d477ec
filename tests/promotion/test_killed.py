"""A record that is killed, at whatever step, is gone or is there: the next one goes on from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import facts
from tasks.promotion.engine.repository import Repository

from .conftest import Deployments


class _Killed(BaseException):
    pass


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
