"""The folders of the source that a chart takes along, as they are in the released commit."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..kernel import git as g
from ..kernel.config import Chart
from ..kernel.errors import SlipwayError
from ..kernel.world import World

REF_FILE = "repo-ref"
_PLAIN, _PROGRAM = "100644", "100755"
_KINDS = {"120000": "a link", "160000": "a submodule"}
_SOURCE = "source"


@dataclass(frozen=True, slots=True)
class File:
    """A file as git has it: its content's id, and whether it can be executed."""

    blob: str
    program: bool = False


Files = Mapping[str, File]  # by path inside of the chart


def ref_files(chart: Chart) -> list[str]:
    """Return where the commit is named: a file beside the modules, one for each folder of them."""
    return sorted({posixpath.join(posixpath.dirname(name), REF_FILE) for name in chart.modules})


def of_source(world: World, chart: Chart, commit: str) -> dict[str, File]:
    """Return the files that a chart should have of the source at a commit.

    Raises:
        SlipwayError: a module is not there, or holds what is no plain file.
    """
    mirror, found = world.mirror(_SOURCE), dict[str, File]()
    for target, folder in chart.modules.items():
        files = listed(mirror, commit, folder)
        if not files:
            raise SlipwayError(
                f"there is no folder {folder} in the source at {commit[:7]}",
                where=world.config.where(f"chart.modules.{target}"),
                fix="correct it, or take it out",
            )
        found |= {f"{target}/{name}": file for name, file in files.items()}
    return found


def of_chart(mirror: Path, chart: Chart, commit: str) -> dict[str, File]:
    """Return the files that stand in the chart's module folders at a commit.

    Raises:
        SlipwayError: one is no plain file.
    """
    found = dict[str, File]()
    for target in chart.modules:
        files = listed(mirror, commit, posixpath.join(chart.path, target))
        found |= {f"{target}/{name}": file for name, file in files.items()}
    return found


def listed(mirror: Path, commit: str, folder: str) -> dict[str, File]:
    """Return the files below a folder at a commit, by their path in it; empty for no folder.

    Raises:
        SlipwayError: there is a link or a submodule, which a copy would not be the same as.
    """
    how = ("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{folder}/")
    found = {}
    for row in g.text(*how, repo=mirror).split("\0"):
        entry, _, path = row.partition("\t")
        if not path:
            continue
        mode, _, blob = entry.split()
        if mode not in (_PLAIN, _PROGRAM):
            raise SlipwayError(
                f"{path} is {_KINDS.get(mode, 'no plain file')} in {commit[:7]}",
                fix="make it a plain file: a module is copied into the chart",
            )
        found[path.removeprefix(f"{folder}/")] = File(blob, mode == _PROGRAM)
    return found


def content(world: World, file: File) -> bytes:
    """Return what stands in a file of the source."""
    return g.git("cat-file", "blob", file.blob, repo=world.mirror(_SOURCE))
