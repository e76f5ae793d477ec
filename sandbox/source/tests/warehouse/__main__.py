"""The throwaway warehouse of one test run: a database outside of this folder, named for the run."""

import os
import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.warehouse.pipeline import SCHEMA, check


def place() -> Path:
    """Return where the warehouse of this run is."""
    run = os.environ.get("SLIPWAY_CHECK_RUN") or "by-hand"
    if not re.fullmatch(r"[a-z0-9-]{1,40}", run):
        raise SystemExit(f"{run!r} cannot name a warehouse")
    return Path(tempfile.gettempdir()) / f"lana-dw-{run}.db"


def up(file: Path) -> None:
    """Make it, with the tables that the pipeline fills."""
    if file.exists():
        raise SystemExit(f"{file} is there already; python3 -m tests.warehouse down takes it away")
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SCHEMA)
    print(f"{file} is up")


def test(file: Path) -> None:
    """Run the pipeline into it and look at what came out."""
    if not file.exists():
        raise SystemExit(f"{file} is not there; python3 -m tests.warehouse up makes it")
    with closing(sqlite3.connect(file)) as database:
        wrong, looked = check(database)
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        raise SystemExit(1)
    print(f"{looked} tables are what the assets say")


def down(file: Path) -> None:
    """Take it away, whether or not it was ever complete."""
    for left in (file, file.with_name(f"{file.name}-journal")):
        left.unlink(missing_ok=True)
    print(f"{file} is gone")


COMMANDS = {"up": up, "test": test, "down": down}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        raise SystemExit(f"usage: python3 -m tests.warehouse {'|'.join(COMMANDS)}")
    COMMANDS[sys.argv[1]](place())
