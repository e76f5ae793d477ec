"""Programs that some tests need: without one a test is skipped, under CI it fails."""

from __future__ import annotations

import os
import shutil

import pytest

from tasks.kernel import paths, tools

# Debian's name of the package, where it is another one than the program's.
_PACKAGES = {
    "helm": "python -m tasks.kernel.tools fetch helm",
    "terraform": "terraform, from hashicorp.com",
}


def need(program: str) -> str:
    """Return the path of a program.

    Without it the test is skipped with the reason in the summary; under CI (the environment
    variable `CI`), where a skipped test would be a hole that nobody sees, it fails.
    """
    path = _found(program)
    if path is not None:
        return path
    reason = f"{program} is not installed ({_PACKAGES.get(program, 'apt install ' + program)})"
    if os.environ.get("CI", "").lower() in {"", "0", "false"}:
        pytest.skip(reason)
    pytest.fail(reason + ", and CI may not skip what it is there for", pytrace=False)


def _found(program: str) -> str | None:
    """Return a program as a run would find it: on PATH, or fetched into this checkout."""
    if program not in tools.TOOLS:
        return shutil.which(program)
    return next((str(seen.path) for seen in tools.look(program, paths.ROOT) if seen.fits), None)
