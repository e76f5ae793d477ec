"""Pure: the version in what a program prints, and whether it fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semver import Version

    from .pins import Tool

_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]*[0-9A-Za-z])?)")


def told(printed: str) -> str:
    """Return the first version that a program's words hold, without its `v`; "" when none does."""
    found = _VERSION.search(printed)
    return found[1] if found else ""


def fits(version: str, tool: Tool) -> bool:
    """Say whether a version is in the tool's range.

    What follows a hyphen is not looked at: distributors add words of their own there, and a
    release candidate of a version that fits will do.
    """
    if not version:
        return False
    at = _parsed(version)
    return at >= _parsed(tool.least) and (not tool.below or at < _parsed(tool.below))


def _parsed(version: str) -> Version:
    from semver import Version

    numbers = re.split(r"[-+]", version, maxsplit=1)[0].split(".")
    return Version(*(int(number) for number in numbers))
