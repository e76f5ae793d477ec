"""The commands that write pages, one after the other in one checkout, and what they changed."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ..checks import lay_artifacts
from ..kernel import git as g
from ..kernel import journal, programs
from ..kernel.config import Docs, DocsCommand
from ..kernel.errors import Failed
from ..kernel.world import World
from .tree import Changes, Folder


def generate(world: World, docs: Docs, tree: Path, env: dict[str, str]) -> Changes:
    """Run every command and return what they changed below the site, relative to it.

    Args:
        world: whose facts; the checks' artifacts among them.
        docs: as configured.
        tree: a clean checkout, with its history.
        env: the version and the commit, for each command.

    Raises:
        Failed: a command failed, left out what it must write, or changed what is not its own.
    """
    changes: Changes = {}
    for told in docs.commands.values():
        for check, at in told.from_.items():
            lay_artifacts(world, check, tree, at)
        before = _changed(tree, docs.site)
        programs.run(
            told.command,
            cwd=tree,
            env=env | told.env,
            needs=told.secrets,
            timeout=told.timeout,
            what=f"docs.commands.{told.name}",
        )
        _refuse_missing(world, told, tree)
        after = _changed(tree, docs.site)
        own = (*told.outputs, *told.from_.values())
        strange = [name for name in after if name not in before and not _within(name, own)]
        if strange:
            raise Failed(
                f"{told.name} wrote what is none of its outputs",
                where=world.config.where(f"docs.commands.{told.name}.outputs"),
                detail=strange[:8],
                fix="add these paths to its outputs, or have it write elsewhere",
            )
        journal.say(f"{told.name}: {len(after)} files of {docs.site} are changed now")
    site = Folder(tree / docs.site)
    for path in _changed(tree, docs.site):
        name = path.removeprefix(f"{docs.site}/")
        changes[name] = site.read(name) if (tree / path).exists() else None
    return changes


def _changed(tree: Path, site: str) -> list[str]:
    """Return the files of the site that are not as they are committed; ignored ones never are."""
    how = ("ls-files", "-z", "--modified", "--others", "--deleted", "--exclude-standard")
    out = g.git("--literal-pathspecs", *how, "--", site, repo=tree)
    return sorted(set(out.decode("utf-8", "surrogateescape").split("\0")) - {""})


def _within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


def _refuse_missing(world: World, told: DocsCommand, tree: Path) -> None:
    """Refuse an output, or what a pattern asks for, that is not there or is empty."""
    where = world.config.where(f"docs.commands.{told.name}.require")
    gone = [path for path in told.outputs if not (tree / path).exists()]
    if gone:
        raise Failed(f"{told.name} ended well but left no {gone[0]}", where=where)
    for pattern in told.require:
        found = list(_matching(tree, pattern))
        if not found:
            raise Failed(f"nothing matches {pattern} after {told.name}", where=where)
        empty = [file for file in found if not file.stat().st_size]
        if empty:
            raise Failed(
                f"after {told.name} some of {pattern} is empty",
                where=where,
                detail=[file.relative_to(tree).as_posix() for file in empty[:8]],
            )


def _matching(tree: Path, pattern: str) -> Iterator[Path]:
    fixed = pattern
    for sign in "*?[":
        fixed = fixed.partition(sign)[0]
    top = tree / (fixed if fixed == pattern else fixed.rpartition("/")[0])
    for file in [top] if top.is_file() else sorted(top.rglob("*")):
        if file.is_file() and fnmatchcase(file.relative_to(tree).as_posix(), pattern):
            yield file
