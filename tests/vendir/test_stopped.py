"""^C and SIGTERM: what runs is ended, the old tree stays, and one line is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.vendir.conftest import Place

ROOT = Path(__file__).parents[2]


def _running(folder: Path) -> list[str]:
    """Return the programs that work in a folder, and what stands in for ssh."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            if entry.name.isdigit() and f"{folder}/" in words:
                found.append(words)
        except OSError:
            continue
    pids = (folder / "pids").read_text().split() if (folder / "pids").exists() else []
    return found + [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_sync_that_hangs_is_ended_with_all_it_has_started(
    place: Place, tmp_path: Path, number: signal.Signals
) -> None:
    place.configure("[{path: a, inline: {paths: {x: old}}}]")
    place.sync()
    before = place.left
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec tail -f /dev/null\n")
    ssh.chmod(0o755)
    place.configure("[{path: a, git: {url: 'git@charts.invalid:charts.git', ref: origin/main}}]")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_SSH_COMMAND": str(ssh)}
    words = [sys.executable, "-m", "tasks.vendir", "sync"]
    with subprocess.Popen(
        words, cwd=place.folder, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        end = time.monotonic() + 20
        # Two questions are asked at once.
        while time.monotonic() < end:
            if (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().count("\n") == 2:
                break
            time.sleep(0.02)
        assert len(_running(tmp_path)) >= 4  # git, and ssh
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (128 + number, "", f"stopped by {number.name}\n")
    assert _running(tmp_path) == []
    assert place.files() == {"a/x": "old"}
    assert place.left == before
