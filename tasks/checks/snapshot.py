"""A folder as it is now, uncommitted changes included, as a commit in our mirror of the source.

Nothing is written into the folder. What git ignores there is left out.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..kernel import git as g
from ..kernel import paths
from ..kernel.errors import SlipwayError
from ..kernel.lock import exclusively
from ..kernel.world import World

_WHO = g.identity("Slipway", "slipway@localhost", "946684800 +0000")
_MESSAGE = b"chore: a working tree as it is\n"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was found.

    Attributes:
        commit: has the very files of the folder.
        tip: the commit that the folder stands on.
        changed: the folder differs from that.
    """

    commit: str
    tip: str
    changed: bool


def snapshot(world: World, folder: Path, ref: str) -> Snapshot:
    """Return a folder as a commit; equal folders on equal commits are one commit.

    Args:
        world: whose mirror.
        folder: a checkout of the source, or a plain folder with its files.
        ref: how the person wrote it.

    Raises:
        SlipwayError: there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise SlipwayError(
            "there is no such folder" if not folder.exists() else "this is no folder",
            where=f"ref={ref}",
            fix="name the top folder of a checkout of the source",
        )
    mirror = world.mirror("source").absolute()
    tip = _tip(world, folder, mirror)
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        place = ("--git-dir", str(mirror), "--work-tree", str(folder.resolve()))
        names = _names(folder, place, index)
        if not names:
            raise SlipwayError("there is no file to check", where=f"ref={ref}")
        add = ("update-index", "--add", "--remove", "-z", "--stdin")
        g.git(*place, *add, cwd=folder, env=index, stdin=b"".join(name + b"\0" for name in names))
        tree = g.text("write-tree", repo=mirror, env=index)
    if tree == g.text("rev-parse", f"{tip}^{{tree}}", repo=mirror):
        return Snapshot(tip, tip, changed=False)
    how = ("commit-tree", tree, "-p", tip, "-F", "-")
    return Snapshot(g.text(*how, repo=mirror, env=_WHO, stdin=_MESSAGE), tip, changed=True)


def _names(folder: Path, place: tuple[str, ...], index: dict[str, str]) -> list[bytes]:
    """Return the files that count: those git follows there, and new ones that it does not ignore.

    A folder that is a repository by itself is listed with a slash at its end; it is none of ours.
    """
    own = (folder / ".git").exists()
    how = ("ls-files", "-z", "--others", "--exclude-standard")
    if own:
        listed = g.git(*how, "--cached", repo=folder)
    else:
        listed = g.git(*place, *how, cwd=folder, env=index)
    return sorted({name for name in listed.split(b"\0") if name and not name.endswith(b"/")})


def _tip(world: World, folder: Path, mirror: Path) -> str:
    """Return the commit that a checkout stands on, brought into our mirror; else the head."""
    main: str = world.json(paths.HEAD)["commit"]
    if not (folder / ".git").exists():
        return main
    asked = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    tip = g.text(*asked, repo=folder, ok=(0, 1, 128))
    if not tip:
        return main  # a repository without a commit yet
    if not _has(mirror, tip) and _is_whole(folder):
        how = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options")
        with exclusively(mirror.parent / "source.lock"):
            g.git(*how, str(folder.resolve()), "HEAD", repo=mirror, timeout=1800)
    return tip if _has(mirror, tip) else main


def _has(mirror: Path, commit: str) -> bool:
    return g.returncode("cat-file", "-e", f"{commit}^{{commit}}", repo=mirror) == 0


def _is_whole(folder: Path) -> bool:
    """Say whether a checkout has all its history: a shallow one would spoil our mirror."""
    return g.text("rev-parse", "--is-shallow-repository", repo=folder) == "false"
