"""Facts are written whole or not at all, and only when they changed."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

from tasks.kernel import checker, facts, paths


def test_an_equal_fact_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep/fact.json"
    assert facts.write_json(path, {"b": 1, "a": "ä"})
    assert path.read_bytes() == b'{\n  "a": "\xc3\xa4",\n  "b": 1\n}\n'
    before = path.stat()
    assert not facts.write_json(path, {"a": "ä", "b": 1})
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_two_writers_leave_one_whole_fact_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "fact.txt"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(path, str(n) * 5000)) for n in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in ("1" * 5000, "2" * 5000)
    assert [entry.name for entry in tmp_path.iterdir()] == ["fact.txt"]


def _write_often(path: Path, text: str) -> None:
    for _ in range(100):
        facts.write_text(path, text)


def test_a_kill_before_the_rename_leaves_the_old_fact(tmp_path: Path) -> None:
    path = tmp_path / "fact.txt"
    facts.write_text(path, "old")
    code = (
        "import os, signal, sys, pathlib\n"
        "from tasks.kernel import facts\n"
        "pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "facts.write_text(sys.argv[1], 'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=paths.ROOT, check=False)
    assert done.returncode == -9
    assert path.read_text() == "old"


def test_a_change_is_told_by_content_alone(tmp_path: Path) -> None:
    path = tmp_path / "fact.txt"
    path.write_text("one")
    check = checker.ContentChecker()
    state = check.get_state(str(path), None)
    assert state
    path.touch()
    assert not check.check_modified(str(path), path.stat(), state)
    assert check.get_state(str(path), state) is None
    path.write_text("two")
    assert check.check_modified(str(path), path.stat(), state)


def test_an_edit_that_keeps_time_and_size_is_seen_by_the_next_run(tmp_path: Path) -> None:
    import os

    path = tmp_path / "fact.txt"
    path.write_text("one")
    stat = path.stat()
    state = checker.ContentChecker().get_state(str(path), None)
    path.write_text("two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    checker._seen.clear()  # what one run has read, it does not read again
    assert checker.ContentChecker().check_modified(str(path), path.stat(), state or "")
