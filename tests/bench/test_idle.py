"""What an idle run costs, as a multiple of what doit itself costs on a file with one task."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.project import Project

RUNS = 9


def _once(command: list[str], folder: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - begin


@pytest.mark.bench
def test_idle_release_against_bare_doit(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.seed()
    assert project.doit("release").code == 4
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "dodo.py").write_text("def task_a():\n    return {'actions': None, 'doc': 'nothing'}\n")
    doit = [sys.executable, "-m", "doit"]
    pairs = []
    for _ in range(RUNS):  # in turn, so that a machine that slows down slows both
        pairs.append((_once([*doit, "release"], project.folder), _once(doit, bare)))
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"\nidle release {mine * 1000:.0f} ms, bare doit {theirs * 1000:.0f} ms,"
        f" ratio {ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
        f" (min / median / max of {RUNS})"
    )
