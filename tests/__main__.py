"""`./doitw test`: lint, format, types and tests, every stage whatever became of the one before.

python -m tests [--quick] [pytest's arguments]      the last line is pytest's own
python -m tests bench [pytest's arguments]          the measurements under tests/bench
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

STAGES = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy", "--strict")),  # what it looks at stands in pyproject.toml
)


def run(title: str, module: Sequence[str], env: Mapping[str, str]) -> int:
    """Run one stage in this Python under a headline; return its exit code."""
    print(f"== {title}", flush=True)
    return subprocess.run([sys.executable, "-m", *module], env=env, check=False).returncode


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """Return pytest's command line: on two workers, as a small machine has cores."""
    given = [argument for argument in arguments if argument != "--quick"]
    workers = [] if "--pdb" in given else ["-n", "2", "--dist", "worksteal"]
    quick = ["-m", "not slow"] if "--quick" in arguments else []
    return ["pytest", *workers, *quick, *given]


def bench_command(arguments: Sequence[str]) -> list[str]:
    """Return the command line of the measurements: one at a time, their output on the screen."""
    return ["pytest", "-o", "norecursedirs=.*", "-s", "tests/bench", *arguments]


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; return 0 when all of it is well."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if arguments[:1] == ["bench"]:
        return run("bench", bench_command(arguments[1:]), env)
    failed = [title for title, module in STAGES if run(title, module, env)]
    env["SLIPWAY_FAILED_STAGES"] = ",".join(failed)
    tests = run("pytest", pytest_command(arguments), env)
    return tests or int(bool(failed))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
