"""The kind of machine this is, in the words that release archives use."""

from __future__ import annotations

import platform
import sys

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def here() -> str:
    """Return `linux/amd64`, `darwin/arm64` and the like."""
    machine = platform.machine().lower()
    return f"{sys.platform}/{_ARCHITECTURES.get(machine, machine)}"
