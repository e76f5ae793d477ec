"""doit's settings for this graph; each against a trap of doit's defaults."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import Any

from doit.doit_cmd import DoitMain

from . import paths
from .checker import ContentChecker
from .reporter import Reporter

_SQLITE = b"SQLite format 3\0"


def _set_aside_what_is_no_database() -> None:
    """Rename a spoilt database: it is a cache, and doit would end with a traceback."""
    database = paths.ROOT / paths.DATABASE
    try:
        with database.open("rb") as stream:
            start = stream.read(len(_SQLITE))
    except OSError:
        return
    if start and start != _SQLITE:
        aside = database.with_name(f"{paths.DATABASE}.spoilt")
        database.replace(aside)
        print(f"{paths.DATABASE} was spoilt; set aside as {aside.name}", file=sys.stderr)


def doit_config(default: list[str]) -> dict[str, Any]:
    """Return `DOIT_CONFIG`.

    Args:
        default: the tasks that a bare `doit` runs.
    """
    # Workers inherit the graph and the run lock only where they are forked; Python 3.14 would not.
    if "fork" in multiprocessing.get_all_start_methods():
        multiprocessing.set_start_method("fork", force=True)
    _set_aside_what_is_no_database()
    # Started as a module, doit would call itself "-m" when it says what to type.
    if DoitMain.BIN_NAME not in ("doit", "pytest"):
        DoitMain.BIN_NAME = "./doitw" if "SLIPWAY_CWD" in os.environ else "doit"
    return {
        "default_tasks": default,
        "backend": "sqlite3",  # the one backend that two runs at once do not spoil
        "dep_file": paths.DATABASE,
        "reporter": Reporter,
        "check_file_uptodate": ContentChecker,
        "continue": True,  # all independent results are seen
        "verbosity": 0,  # the reporter shows what matters; the rest is in build/logs/
        "minversion": "0.37.0",
        "action_string_formatting": "new",
    }
