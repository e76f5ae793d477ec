"""Programs that some tests need: without one a test is skipped, under CI it fails."""

from __future__ import annotations

import os
import shutil

import pytest

# Debian's name of the package, where it is another one than the program's.
_PACKAGES = {"helm": "helm, from helm.sh", "terraform": "terraform, from hashicorp.com"}


def need(program: str) -> str:
    """Return the path of a program.

    Without it the test is skipped with the reason in the summary; under CI (the environment
    variable `CI`), where a skipped test would be a hole that nobody sees, it fails.
    """
    path = shutil.which(program)
    if path is not None:
        return path
    reason = f"{program} is not installed ({_PACKAGES.get(program, 'apt install ' + program)})"
    if os.environ.get("CI", "").lower() in {"", "0", "false"}:
        pytest.skip(reason)
    pytest.fail(reason + ", and CI may not skip what it is there for", pytrace=False)
