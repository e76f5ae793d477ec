"""Whether a lock still is of what the configuration asks for, and not of something else.

A lock may be older than what it is of: a branch that has moved on, a range with a newer version in
it. That is what a lock is for, and no mistake. A lock of another branch, tag or version is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError

from . import mirrors
from .gitsource import Place, open_repository
from .model import Content
from .refs import ALL
from .repository import Repository
from .versions import highest

Facts = Mapping[str, Any]

_FULL: Final = 40  # digits of an id
_HEX: Final = r"[0-9a-fA-F]{4,40}"
_VERSION: Final = r"v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)(?:\+.*)?"
_REMOTE: Final = r"(?:(?:refs/)?remotes/)?origin/(.+)"
_STEPS: Final = r"[~^]|@\{"  # what leads from a name to another commit


def fits(content: Content, facts: Facts, at: Place) -> bool:
    """Say whether a lock entry can be of a content; the remote is asked what a git name means.

    Args:
        content: as it is configured.
        facts: what the lock says of it.
        at: what may be used to ask.

    Raises:
        SlipwayError: the remote refuses.
    """
    test = _TESTS.get(content.kind)
    return test is None or test(content, facts, at)


def _git(content: Content, facts: Facts, at: Place) -> bool:
    ref, sha = str(content.source.get("ref", "")), str(facts.get("sha", ""))
    if re.fullmatch(_HEX, ref) and sha.startswith(ref.lower()):
        return True

    def asked(place: Place) -> bool:
        with closing(open_repository(content, place, "named")) as repository:
            return _names(repository, content, ref, sha)

    return mirrors.or_url(str(content.source["url"]), at, asked)


def _names(repository: Repository, content: Content, ref: str, sha: str) -> bool:
    refs = repository.advertised()
    if repository.borrows and not repository.has(sha):
        raise SlipwayError(f"it has no {sha[:12]}")  # stale: the url is asked
    if not ref:
        own = [name for name in refs if name.startswith("refs/tags/") and refs[name] == sha]
        tags = [name.removeprefix("refs/tags/") for name in own]
        return _in_range(tags, content.source.get("refSelection", {}))
    base = re.split(_STEPS, ref)[0]
    tag = next((each for each in _tags(base) if each in refs), "")
    branch = next((each for each in _branches(base) if each in refs), "")
    head = refs.get(tag or branch, "")
    if base == ref and head and (tag or head == sha):
        return head == sha
    if _is_id(ref):
        return _of_id(repository, ref.lower()) == sha
    if not head:
        return _anywhere(repository, ref, (sha, base.lower())) == sha
    found = _resolved(repository, ref, [head])
    return found == sha or (not tag and _is_before(repository, sha, found))


def _is_id(name: str) -> bool:
    return len(name) == _FULL and re.fullmatch(_HEX, name) is not None


def _tags(name: str) -> list[str]:
    """Return the tags that git may take a name for, the first first."""
    full = [name] if name.startswith("refs/tags/") else []
    return [*full, *([f"refs/{name}"] if name.startswith("tags/") else []), f"refs/tags/{name}"]


def _branches(name: str) -> list[str]:
    """Return the branches, as the remote calls them, that a sync may take a name for."""
    own = re.fullmatch(_REMOTE, name, re.DOTALL)
    return [*([f"refs/heads/{own[1]}"] if own else []), f"refs/heads/{name}"]


def _of_id(repository: Repository, oid: str) -> str:
    """Return the commit that a full id stands for; "" when the remote has nothing of that id."""
    told = {own: name for name, own in repository.told.ids}
    if oid in told:
        return repository.told.commits[told[oid]]
    if not repository.borrows:
        try:
            repository.fetch_one(oid)
        except SlipwayError:
            return ""
    return _here(repository, oid)


def _resolved(repository: Repository, ref: str, commits: Sequence[str]) -> str:
    """Have the history of some commits, and return what a reference names in it; "" for nothing."""
    if not repository.borrows:
        repository.fetch_history(commits)
    repository.adopt(repository.told, ALL)
    return _here(repository, ref)


def _anywhere(repository: Repository, ref: str, ids: Collection[str]) -> str:
    """Return what a reference names in the history of everything, as a sync reads it."""
    if repository.borrows:
        repository.adopt(repository.told, ALL)
    else:
        repository.fetch_histories([oid for oid in ids if _is_id(oid)])
    return _here(repository, ref)


def _here(repository: Repository, ref: str) -> str:
    """Return the commit that a reference names here; "" for none.

    Raises:
        SlipwayError: a mirror has none: the url may.
    """
    found = repository.resolve(ref)
    if not found and repository.borrows:
        raise SlipwayError(f"it has no {ref!r}")
    return found


def _is_before(repository: Repository, sha: str, head: str) -> bool:
    """Say whether a commit is one of those that a branch stands on."""
    how = ("merge-base", "--is-ancestor", "--end-of-options", sha, head)
    return bool(head) and not g.returncode(*how, repo=repository.tree, env=repository.env)


def _in_range(names: Sequence[str], selection: Mapping[str, Any]) -> bool:
    """Say whether one of some tags is what a selection lets through."""
    semver = selection.get("semver", {})
    allowed = semver.get("prereleases")
    identifiers = None if allowed is None else allowed.get("identifiers", [])
    try:
        return bool(highest(names, semver.get("constraints", ""), identifiers))
    except SlipwayError:
        return False


def _chart(content: Content, facts: Facts, _at: Place) -> bool:
    """Compare exact versions alone: what Helm makes of a range is for Helm to say."""
    wanted = re.fullmatch(_VERSION, str(content.source.get("version", "")), re.ASCII)
    there = re.fullmatch(_VERSION, str(facts.get("version", "")), re.ASCII)
    return not wanted or not there or wanted[1] == there[1]


def _release(content: Content, facts: Facts, _at: Place) -> bool:
    source, tag = content.source, str(facts.get("tag", ""))
    if source.get("url") or not tag:
        return True
    if source.get("tag"):
        return bool(source["tag"] == tag)
    return "tagSelection" not in source or _in_range([tag], source["tagSelection"])


def _image(content: Content, facts: Facts, _at: Place) -> bool:
    from tasks.registry import elsewhere

    where = content.where
    wanted = elsewhere.reference(str(content.source.get("url", "")), where)
    there = elsewhere.reference(str(facts.get("url", "")), where)
    if (wanted.host, wanted.repository) != (there.host, there.repository):
        return False
    if wanted.digest:
        return wanted.digest == there.digest
    tag = str(facts.get("tag", ""))
    if "tagSelection" in content.source:
        return _in_range([tag], content.source["tagSelection"])
    return wanted.tag == tag


_TESTS: Final[Mapping[str, Callable[[Content, Facts, Place], bool]]] = {
    "git": _git,
    "helmChart": _chart,
    "githubRelease": _release,
    "image": _image,
}
