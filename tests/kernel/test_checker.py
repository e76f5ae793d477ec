"""What changed is told by content: not by a time stamp, and not by its absence."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.kernel.checker import ContentChecker


def _keep_time(path: Path, content: str) -> None:
    """Write in place, then set the time of modification back, as `touch -r` does."""
    before = path.stat()
    path.write_text(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_touched_file_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "fact.json"
    path.write_text("1.2.0\n")
    checker = ContentChecker()
    state = checker.get_state(str(path), None)
    assert state
    os.utime(path, (1, 1))
    assert not checker.check_modified(str(path), path.stat(), state)
    assert checker.get_state(str(path), state) is None  # nothing new to record


def test_an_edit_that_keeps_time_and_size_is_seen_in_the_same_process(tmp_path: Path) -> None:
    path = tmp_path / "fact.json"
    path.write_text("1.2.0\n")
    checker = ContentChecker()
    state = checker.get_state(str(path), None)
    assert state
    _keep_time(path, "1.3.0\n")
    assert checker.check_modified(str(path), path.stat(), state)
    assert checker.get_state(str(path), state) not in (None, state)
