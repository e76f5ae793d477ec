"""Looks for programs that are on this machine already, and asks them for their version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import programs
from ..errors import SlipwayError
from . import memory, versions
from .pins import Tool

_PATIENCE = 20.0  # seconds for a program to print its version
# A program that only tells its version calls nobody and reads nobody's settings.
_QUIET = {
    "CHECKPOINT_DISABLE": "1",
    "TF_CLI_CONFIG_FILE": os.devnull,
    "TF_IN_AUTOMATION": "1",
    "HELM_NO_PLUGINS": "1",
    "KUBECONFIG": os.devnull,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A program that is here.

    Attributes:
        path: where.
        version: what it says of itself; "" when it does not run or says nothing.
        fits: the version is in the range.
    """

    path: Path
    version: str
    fits: bool


def on_path(tool: Tool, root: Path, *, remember: bool = True) -> Iterator[Seen]:
    """Yield the programs of that name on PATH, the preferred one first.

    Args:
        tool: what is looked for.
        root: the checkout, whose `.tools/` knows what was asked before.
        remember: write down what they say.
    """
    for name in tool.programs:
        for folder in dict.fromkeys(os.get_exec_path()):
            path = Path(folder, name)
            # What a relative entry of PATH means depends on the folder, and a checkout of somebody
            # else's commit may be that folder.
            if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
                version = ask(tool, path, root, remember=remember)
                yield Seen(path, version, versions.fits(version, tool))


def ask(tool: Tool, program: Path, root: Path, *, remember: bool = True) -> str:
    """Return a program's version, "" when it does not tell."""
    known = memory.recall(root, program)
    if known is not None:
        return known
    try:
        done = programs.run(
            [str(program), *tool.asks], cwd=root, env=_QUIET, timeout=_PATIENCE, what=tool.name
        )
    except SlipwayError:
        return ""
    version = versions.told(done.out)
    if version and remember:
        memory.keep(root, program, version)
    return version
