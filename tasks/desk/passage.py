"""How far a change has got: candidate, release, chart, vendored, each environment.

Every stop is read where it stands outside. What decides is ancestry: a stop has a change when the
commit that it was built from stands on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel import git as g
from ..kernel.config import Config
from ..kernel.errors import Failed
from ..kernel.world import World
from ..version import RESERVATIONS, tag_prefix
from ..version.bump import Tag, candidate_number, versions
from ..version.number import precedence
from .built import merged_of
from .carrying import travelled
from .naming import folder_of, meant
from .sides import Side, Sides, short
from .stops import Passage, Stop


def passage(world: World, name: str) -> Passage:
    """Return how far a change has got.

    Args:
        world: whose configuration says where everything is.
        name: a tag, a commit id or the beginning of one, `#` and a pull request's number, or any
            other revision.

    Raises:
        WrongUsage: nothing is called so, or more than one commit is.
        Failed: the source branch does not have it.
        SlipwayError: the source cannot be read.
    """
    sides = Sides(world)
    source = sides["source"]
    commit = meant(source, name, tag_prefix(world, source.head), folder_of(world))
    told = source.told(commit)
    if not source.holds(commit):
        raise _not_merged(source, commit, told.subject)
    released, stops = _released(world, source, commit)
    stops += travelled(world.config, sides, commit, released)
    return Passage(commit, told.subject, told.by, source.branch, tuple(stops))


def _not_merged(source: Side, commit: str, subject: str) -> Failed:
    how = ("for-each-ref", "--contains", commit, "--format=%(refname:lstrip=2)", "refs/heads")
    branches = g.lines(*how, repo=source.mirror)
    detail = [f"it is in {', '.join(branches[:5])}"] if branches else ["it is in no branch"]
    return Failed(
        f"{short(commit)} “{subject}” is not merged into {source.branch} yet",
        where="source",
        detail=detail,
        fix=f"merge it; everything begins with what {source.branch} has",
    )


def _released(world: World, source: Side, commit: str) -> tuple[str, list[Stop]]:
    """Return the first release that has a change, "" when none does; and both stops."""
    refs = [ref for ref in source.refs if ref.startswith(("refs/tags/", RESERVATIONS))]
    has = _containing(source, commit)
    tags = {
        ref.removeprefix("refs/tags/"): source.refs[ref]
        for ref in refs
        if ref in has and ref.startswith("refs/tags/")
    }
    prefix = tag_prefix(world, commit)
    reserved = {
        prefix + ref.removeprefix(RESERVATIONS): source.refs[ref]
        for ref in refs
        if ref in has and ref.startswith(RESERVATIONS)
    }
    known = versions({**reserved, **tags}, prefix)
    final = next((tag for tag in known if tag.version.prerelease is None), None)
    candidates = [
        tag
        for tag in known
        if candidate_number(tag.version) is not None
        and (final is None or precedence(tag.version) < precedence(final.version))
    ]
    stops = [
        _candidate_stop(candidates, tags),
        _release_stop(world.config, source, final, candidates),
    ]
    return (str(final.version) if final else ""), stops


def _containing(source: Side, commit: str) -> set[str]:
    how = ("for-each-ref", "--contains", commit, "--format=%(refname)")
    return set(g.lines(*how, "refs/tags", RESERVATIONS.rstrip("/"), repo=source.mirror))


def _candidate_stop(candidates: list[Tag], tags: Mapping[str, str]) -> Stop:
    if not candidates:
        return Stop("candidate", waits="the next candidate", fix="doit release")
    names = [str(tag.version) + ("" if tag.name in tags else " (reserved)") for tag in candidates]
    told = [
        {"version": str(tag.version), "commit": tag.commit, "tagged": tag.name in tags}
        for tag in candidates
    ]
    return Stop("candidate", ", ".join(names), facts={"candidates": told})


def _release_stop(config: Config, source: Side, final: Tag | None, candidates: list[Tag]) -> Stop:
    if final is not None:
        told = source.told(final.commit)
        facts = {"version": str(final.version), "tag": final.name, "commit": final.commit}
        return Stop("release", f"{final.version}, of {short(told.commit)}", facts=facts)
    names = {str(tag.version) for tag in candidates}
    merged = merged_of(config, source, names.__contains__) if names else None
    if merged is not None:
        by = source.told(merged.merge).approver
        return Stop("release", waits=f"its publication, merged by {by}", fix="doit release")
    if candidates:
        newest = candidates[-1].version
        fix = "doit approve:release"
        return Stop("release", waits=f"a human, who merges the promotion of {newest}", fix=fix)
    return Stop("release", waits="a candidate")
