"""What doit is told: where its records go when nothing can be written, and who holds the lock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.kernel import lock, paths, settings
from tasks.kernel.errors import SlipwayError


def test_a_folder_that_cannot_be_written_has_its_records_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert settings._database() == paths.DATABASE
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert settings._database() == ":memory:"


def test_a_lock_that_cannot_be_taken_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(lock, "_handle", None)
    (tmp_path / paths.RUN_LOCK).mkdir()
    with pytest.raises(SlipwayError, match="nothing can be written here") as error:
        lock.take(["release"])
    assert "this user may write" in error.value.fix
