"""The human's command on a terminal: it shows, it asks, and no is no."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import pytest

from tests.journeys.conftest import At
from tests.project import Project

# The terminal becomes that of the session, so that ^C reaches whom it is meant for.
_ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


def _talk(project: Project, *answers: str) -> tuple[int, str]:
    """Run `approve:release` on a terminal, answer its questions, return the code and the screen."""
    leader, follower = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, sys.executable, "-m", "doit", "approve:release"],
        cwd=project.folder,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=dict(os.environ) | {"TERM": "dumb"},
        start_new_session=True,
    )
    os.close(follower)
    shown = ""
    left = list(answers)
    end = time.monotonic() + 30
    try:
        while time.monotonic() < end:
            shown += os.read(leader, 4096).decode(errors="replace")
            if left and shown.rstrip(" ").endswith(("?", "[y/N]")):
                os.write(leader, left.pop(0).encode() + b"\n")
                shown += "\n"
    except OSError:
        pass  # the other side is closed
    os.close(leader)
    return run.wait(timeout=10), shown


@pytest.mark.parametrize("answer", ["n", "", "maybe", "no"])
def test_anything_but_yes_changes_nothing(at: At, answer: str) -> None:
    project = at("waiting")
    code, shown = _talk(project, "Ada", "it is good", answer)
    assert code == 1
    assert "pull request #1 releases 0.2.0, built and tested as 0.2.0-rc.1" in shown
    assert "checks   messages, unit, web: passed" in shown
    assert "A second shelf" in shown
    assert "not approved; nothing was changed" in shown
    assert project.pulls()[0]["state"] == "open"
    assert "approve:release" not in project.effects()


def test_yes_merges_what_was_shown(at: At) -> None:
    project = at("waiting")
    code, shown = _talk(project, "Ada", "it is good", "y")
    assert code == 0, shown
    assert "Approved by Ada: pull request #1 is merged as" in shown
    assert project.pulls()[0]["state"] == "merged"
    assert project.doit("release").code == 0


def test_an_interrupt_at_the_question_changes_nothing(at: At) -> None:
    project = at("waiting")
    code, shown = _talk(project, "Ada", "it is good", "\x03")
    assert code == 130
    assert "Traceback" not in shown
    assert "stopped" in shown
    assert project.pulls()[0]["state"] == "open"


def test_no_name_is_no_yes(at: At) -> None:
    project = at("waiting")
    code, _ = _talk(project, "", "it is good", "y")
    assert code == 1
    assert project.pulls()[0]["state"] == "open"
