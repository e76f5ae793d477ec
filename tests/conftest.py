"""Every test runs as on an empty machine: nothing of the user's environment or home is seen."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

# PATH finds the programs, CI decides about missing ones, pytest and its workers use their own.
_KEPT = {"PATH", "CI", "TMPDIR", "TERM", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH"}
_KEPT_PREFIXES = ("PYTEST_", "PYENV_", "COVERAGE_")


def pytest_configure() -> None:
    """Let what tests start be stopped: below `nohup`, or behind a script's `&`, nothing could be.

    A program that is started inherits that a signal is ignored, and not that one does nothing.
    """
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(one) == signal.SIG_IGN:
            signal.signal(one, lambda *_: None)


@pytest.fixture(autouse=True)
def _empty_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    for name in list(os.environ):
        if name not in _KEPT and not name.startswith(_KEPT_PREFIXES):
            monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        # No identity either: what commits without naming one fails here, as it would in CI.
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what failed before pytest began, right above the line that a reader looks at."""
    for stage in filter(None, os.environ.get("SLIPWAY_FAILED_STAGES", "").split(",")):
        terminalreporter.write_line(f"FAILED {stage}", red=True)
