"""A reader that leaves before a task has said everything is no fault of the task."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

SCRIPT = """\
import sys
from pathlib import Path
from tasks.kernel import actions, world
from tasks.kernel.config import load

def talk(world):
    for _ in range({lines}):
        print("something that nobody reads" * 9)
    Path({told!r}).write_text("to its end")
    return "well"

world.use(load(Path("pipeline.yml").resolve()))
print(actions.perform("talk", talk, [], keep_log=False)["says"], file=sys.stderr)
"""


@pytest.mark.parametrize("lines", [1, 10_000])
def test_a_task_goes_on_to_its_end_when_nobody_reads(tmp_path: Path, lines: int) -> None:
    told = tmp_path / "told"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(told=str(told), lines=lines)],
            cwd=ROOT,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "well\n")
    assert told.read_text() == "to its end"
