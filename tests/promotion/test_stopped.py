"""^C and SIGTERM end what runs, with one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import Deployments

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_push_that_hangs_is_ended(
    track: Deployments, tmp_path: Path, number: signal.Signals
) -> None:
    track.git("remote", "add", "origin", "git@deployments.invalid:x.git")
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec tail -f /dev/null\n")
    ssh.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    words = ("record", "-e", "staging", "--reset-head", "--push", "--git-url", "x")
    with subprocess.Popen(
        [sys.executable, "-m", "tasks.promotion", *words, "--git-private-key", "x"],
        cwd=track.root, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        end = time.monotonic() + 20
        while not (tmp_path / "pid").exists() and time.monotonic() < end:
            time.sleep(0.02)
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (128 + number, "")
    assert err.splitlines()[-1] == f"stopped by {number.name}"
    assert "Traceback" not in err
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}/exe").exists()  # a dead one that nobody has waited for has none
