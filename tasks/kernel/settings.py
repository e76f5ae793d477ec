"""doit's settings for this graph; each against a trap of doit's defaults."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from doit.doit_cmd import DoitMain
from doit.exceptions import InvalidDodoFile

from . import paths
from .checker import ContentChecker
from .errors import WrongUsage
from .options import speak_plainly
from .reporter import Reporter
from .variables import refuse_wrong

_IN_MEMORY = ":memory:"


def _set_aside_what_is_no_database() -> None:
    """Rename a spoilt database: it is a cache, and doit would end with a traceback."""
    database = paths.ROOT / paths.DATABASE
    if not database.exists() or _is_whole(database):
        return
    aside = database.with_name(f"{paths.DATABASE}.spoilt")
    if aside.is_dir():
        shutil.rmtree(aside)
    database.replace(aside)
    for left in ("-journal", "-wal", "-shm"):  # they belong to what is gone
        Path(f"{database}{left}").unlink(missing_ok=True)
    print(f"{paths.DATABASE} was spoilt; set aside as {aside.name}", file=sys.stderr)


def _is_whole(database: Path) -> bool:
    import sqlite3

    if not database.is_file():
        return False
    try:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        return True  # busy, or nobody may write here: not spoilt
    except sqlite3.DatabaseError:
        return False


def _database() -> str:
    """Return where doit keeps its records: nowhere, when this folder cannot be written."""
    if os.access(paths.ROOT, os.W_OK):
        _set_aside_what_is_no_database()
        return paths.DATABASE
    return _IN_MEMORY


def doit_config(default: list[str]) -> dict[str, Any]:
    """Return `DOIT_CONFIG`.

    Args:
        default: the tasks that a bare `doit` runs.

    Raises:
        InvalidDodoFile: a variable on the command line is wrong; doit prints it and exits with 3.
    """
    try:
        refuse_wrong()
    except WrongUsage as error:
        raise InvalidDodoFile(str(error)) from None
    # Workers inherit the graph and the run lock only where they are forked; Python 3.14 would not.
    if "fork" in multiprocessing.get_all_start_methods():
        multiprocessing.set_start_method("fork", force=True)
    # Started as a module, doit would call itself "-m" when it says what to type.
    if DoitMain.BIN_NAME not in ("doit", "pytest"):
        DoitMain.BIN_NAME = "./doitw" if "SLIPWAY_CWD" in os.environ else "doit"
    speak_plainly()
    return {
        "default_tasks": default,
        "backend": "sqlite3",  # the one backend that two runs at once do not spoil
        "dep_file": _database(),
        "reporter": Reporter,
        "check_file_uptodate": ContentChecker,
        "continue": True,  # all independent results are seen
        "verbosity": 0,  # the reporter shows what matters; the rest is in build/logs/
        "minversion": "0.37.0",
        "action_string_formatting": "new",
    }
