"""What checks keep: files out of their tree, in a folder named for their content.

A verdict names what its check kept (`artifacts`: the digest of all, and each file's), so whoever
reads the verdict finds the files and can tell whether they are still what was made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, copytree, rmtree
from typing import Any

from ..kernel import paths
from ..kernel.errors import Failed, SlipwayError
from ..kernel.facts import canonical
from ..kernel.receipts import UpToDate
from ..kernel.world import UNKNOWN, World

Kept = dict[str, Any]  # digest; files: path → {sha256, size}


def folder_of(world: World, check: str, kept: Kept) -> Path:
    """Return the folder of what a check kept."""
    name = str(kept["digest"]).removeprefix("sha256:")[:16]
    return world.path(f"{paths.kept_of(check)}/artifacts/{name}")


def keep(world: World, check: str, tree: Path, wanted: Sequence[str]) -> Kept:
    """Copy a check's artifacts out of its tree.

    Raises:
        Failed: one is not there, or is a link.
    """
    files = dict(_files(check, tree, wanted))
    kept: Kept = {"files": {path: _told(file) for path, file in sorted(files.items())}}
    kept["digest"] = f"sha256:{sha256(canonical(kept['files'])).hexdigest()}"
    folder = folder_of(world, check, kept)
    if not is_whole(world, check, kept):
        half = folder.with_name(f".{folder.name}.{os.getpid()}")
        rmtree(half, ignore_errors=True)
        for path, file in files.items():
            (half / path).parent.mkdir(parents=True, exist_ok=True)
            copyfile(file, half / path)
        rmtree(folder, ignore_errors=True)
        half.replace(folder)
    return kept


def _told(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"sha256": sha256(content).hexdigest(), "size": len(content)}


def _files(check: str, tree: Path, wanted: Sequence[str]) -> Iterator[tuple[str, Path]]:
    found = False
    for path in wanted:
        top = tree / path
        if not top.exists() or not top.resolve().is_relative_to(tree.resolve()):
            raise Failed(f"{check} passed and left no {path}", fix="it is one of its artifacts")
        for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if file.is_symlink() or top.is_symlink():
                name = file.relative_to(tree)
                raise Failed(f"{check} left {name} as a link", fix="artifacts are plain files")
            if file.is_file():
                found = True
                yield file.relative_to(tree).as_posix(), file
    if not found:
        raise Failed(f"{check} passed and left {', '.join(wanted)} empty")


def keep_of_failure(world: World, check: str, tree: Path, wanted: Sequence[str]) -> str:
    """Keep what a failed check left, for a person to look at; return where, "" for nothing."""
    place = _failed(check)
    there = [path for path in wanted if (tree / path).exists() and not (tree / path).is_symlink()]
    for path in there:
        target = world.path(place) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (tree / path).is_dir():
            copytree(tree / path, target, symlinks=True, dirs_exist_ok=True)
        else:
            copyfile(tree / path, target)
    return place if there else ""


def forget_failure(world: World, check: str) -> None:
    """Take away what an attempt before this one left when it failed."""
    rmtree(world.path(_failed(check)), ignore_errors=True)


def _failed(check: str) -> str:
    return f"{paths.kept_of(check)}/failed"


def is_whole(world: World, check: str, kept: Kept) -> bool:
    """Say whether what a check kept is there, by names and sizes."""
    folder = folder_of(world, check, kept)
    sizes = {path: told["size"] for path, told in kept["files"].items()}
    return _sizes(folder) == sizes


def _sizes(folder: Path) -> dict[str, int]:
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def lay(world: World, check: str, tree: Path, at: str, verdict: str = "") -> str:
    """Copy what a check kept into a tree; return its digest.

    Args:
        world: whose facts.
        check: whose artifacts.
        tree: the tree.
        at: folder in it; below it they have the paths they had in the check's own tree.
        verdict: the fact that names them; by default the check's verdict on the head.

    Raises:
        SlipwayError: they are not there any more, or `at` leads out of the tree.
    """
    kept: Kept = world.json(verdict or paths.verdict(check)).get("artifacts") or {"files": {}}
    source = folder_of(world, check, kept) if kept["files"] else tree
    for path, told in kept["files"].items():
        target = tree / at / path
        if not target.parent.resolve().is_relative_to(tree.resolve()):
            raise SlipwayError(
                f"{at}/{path} leads out of the tree", fix="is a folder there a link?"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            content = (source / path).read_bytes()
        except FileNotFoundError:
            content = b""
        if sha256(content).hexdigest() != told["sha256"]:
            raise SlipwayError(
                f"{path} is not what {check} kept any more",
                where=str(source.relative_to(world.root)),
                fix=f"rm -r {paths.kept_of(check)}, then run the same again",
            )
        target.write_bytes(content)
    return str(kept.get("digest", ""))


def digests(world: World, from_: Mapping[str, str], verdicts: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of what each of a check's sources kept."""
    found = {}
    for name in from_:
        told = world.json(verdicts[name]).get("artifacts")
        found[name] = told if told == UNKNOWN else str((told or {}).get("digest", ""))
    return found


class Stands(UpToDate):
    """`uptodate` of a check with artifacts: they are where its verdict says."""

    def __init__(self, check: str, verdict: str) -> None:
        self.check, self.verdict = check, verdict

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return that they are not."""
        kept = world.json_or(self.verdict, {}).get("artifacts")
        if not isinstance(kept, dict) or is_whole(world, self.check, kept):
            return []  # a verdict that is missing wakes the task already
        return ["what it kept is gone, or was changed"]
