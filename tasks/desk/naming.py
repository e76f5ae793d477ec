"""Which commit of the source somebody means: by a tag, an id, a pull request, or any revision."""

from __future__ import annotations

import re
from pathlib import Path

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import WrongUsage
from ..kernel.world import World
from .sides import Side, short

_ABBREVIATED = re.compile("[0-9a-f]{4,40}")
_WHOLE = re.compile("[0-9a-f]{40,64}")
_PULL = re.compile("#([1-9][0-9]{0,9})")
_HERE = re.compile("^(?:HEAD|@)(?=$|[~^])")
_SHOWN = 5


def commit_of(source: Side, name: str) -> str:
    """Return the full id of a tag or of an abbreviated commit; "" for none, or for several."""
    if tagged := _tagged(source, name):
        return tagged
    found = commits_like(source, name)
    return found[0] if len(found) == 1 else ""


def _tagged(source: Side, tag: str) -> str:
    """Return the commit of a tag; "" when there is none (a tag may name a file, too)."""
    at = source.refs.get(f"refs/tags/{tag}", "")
    return at if source.knows(at) else ""


def commits_like(source: Side, prefix: str) -> list[str]:
    """Return the commits whose ids begin so."""
    prefix = prefix.lower()
    if not _ABBREVIATED.fullmatch(prefix):
        return []
    ids = g.lines("rev-parse", f"--disambiguate={prefix}", repo=source.mirror, ok=(0, 128))
    return [each for each in ids if source.knows(each)]


def meant(source: Side, name: str, prefix: str, folder: Path | None = None) -> str:
    """Return the commit that somebody asks about.

    Args:
        source: the source repository.
        name: a tag, a version, a commit id or the beginning of one, `#` and the number of a pull
            request, or any other revision as git writes it: `HEAD~2`, `topic`, `main^{/fix}`.
        prefix: what stands before versions in tags.
        folder: the source itself, when it is on this machine: then `HEAD` is the one there, else
            the head of the branch that is followed.

    Raises:
        WrongUsage: nothing is called so, or more than one commit is.
    """
    if name.startswith("-") or not name.isprintable() or not name:
        raise WrongUsage(f"{name!r} is not a commit", fix="doit where COMMIT")
    if number := _PULL.fullmatch(name):
        return _of_pull(source, number[1])
    for tag in (name, prefix + name):
        if tagged := _tagged(source, tag):
            return tagged
    found = commits_like(source, name)
    if len(found) > 1:
        raise WrongUsage(
            f"{name} is the beginning of {len(found)} commits",
            where=f"source {source.branch}",
            detail=[_line(source, each) for each in found[:_SHOWN]],
            fix="type more of it",
        )
    commit = found[0] if found else _revision(source, name, folder)
    if not commit:
        raise WrongUsage(
            f"the source has no commit {name}",
            where=f"source {source.branch}",
            fix="is it pushed? git log shows ids; a pull request is written '#12'",
        )
    return commit


def _revision(source: Side, name: str, folder: Path | None) -> str:
    """Return the commit that a revision names; "" when it names none that a branch or tag has."""
    there = _parsed(folder, name) if folder else ""
    if there and source.knows(there):
        return there
    return _parsed(source.mirror, _HERE.sub(source.head, name, count=1))


def _parsed(repository: Path, name: str) -> str:
    how = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
    told = g.text(*how, repo=repository, ok=(0, 1, 128))
    return told if _WHOLE.fullmatch(told) else ""  # `a..b` is told as two


def folder_of(world: World) -> Path | None:
    """Return the source repository when it is on this machine, else None."""
    return remotes.local(remotes.address(world, world.config.remotes.source))


def _of_pull(source: Side, number: str) -> str:
    """Return the commit by which a pull request came into the branch.

    Raises:
        WrongUsage: none says so, or several do.
    """
    merged = f"Merge pull request #{number} from "
    for ending in (False, True):
        grep = rf"\(#{number}\)$" if ending else f"^{merged}"
        told = g.lines(
            "log", "-E", f"--grep={grep}", "--format=%H", source.head, "--", repo=source.mirror
        )
        subjects = {each: source.told(each).subject for each in told}
        found = [
            each
            for each, subject in subjects.items()
            if (subject.endswith(f"(#{number})") if ending else subject.startswith(merged))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise WrongUsage(
                f"{len(found)} commits name pull request #{number}",
                where=f"source {source.branch}",
                detail=[_line(source, each) for each in found[:_SHOWN]],
                fix="ask about one of them",
            )
    raise WrongUsage(
        f"no commit of {source.branch} names pull request #{number}",
        where=f"source {source.branch}",
        fix="is it merged? a commit id or a tag will do, too",
    )


def _line(source: Side, commit: str) -> str:
    return f"{short(commit)}  {source.told(commit).subject}"
