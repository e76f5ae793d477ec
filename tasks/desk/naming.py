"""Which commit of the source somebody means."""

from __future__ import annotations

import re

from ..kernel import git as g
from ..kernel.errors import WrongUsage
from .sides import Side, short

_ABBREVIATED = re.compile("[0-9a-f]{4,40}")
_PULL = re.compile("#([1-9][0-9]{0,9})")
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


def meant(source: Side, name: str, prefix: str) -> str:
    """Return the commit that somebody asks about.

    Args:
        source: the source repository.
        name: a tag, a version, a commit id or the beginning of one, or `#` and the number of a
            pull request.
        prefix: what stands before versions in tags.

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
    if not found:
        raise WrongUsage(
            f"the source has no commit or tag {name}",
            where=f"source {source.branch}",
            fix="is it pushed? git log shows ids; a pull request is written '#12'",
        )
    return found[0]


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
