"""Git sources: the commit that a reference names, its files, and what the lock says of it.

As little as possible is asked of the remote: one commit without history, and only the contents of
files that are kept. The lock names the newest tag before the commit, and to find that takes the
whole history, unless there are no tags at all or one stands on the commit itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tasks.kernel import journal
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import auth
from .filters import keeper
from .model import Config, Content
from .repository import Repository
from .versions import highest

_FULL = re.compile(r"[0-9a-f]{40}", re.ASCII)
_MAYBE_SHORT = re.compile(r"[0-9a-fA-F]{4,39}", re.ASCII)
_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source is fetched to, and with what.

    Attributes:
        root: the root of the sync.
        config: the whole configuration, with its secrets.
        scratch: a folder of this fetch alone; gone after the sync.
        mirrors: url → a bare repository on this machine that has all of it.
    """

    root: Path
    config: Config
    scratch: Path
    mirrors: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Found:
    """The commit that a source names.

    Attributes:
        repository: has its trees, and gets its contents.
        commit: full id.
        message: the commit's own.
        tag: what `git describe` says of it; "" for nothing.
    """

    repository: Repository
    commit: str
    message: str
    tag: str

    def entry(self) -> dict[str, Any]:
        """Return what the lock says of it."""
        first, more, _ = self.message.strip(_BLANKS).partition("\n")
        facts = {"sha": self.commit, "commitTitle": first + ("..." if more else "")}
        return facts | ({"tags": [self.tag]} if self.tag else {})


def fetch(content: Content, at: Place, into: Path) -> dict[str, Any]:
    """Write the kept files of a git content, and return its lock entry.

    Raises:
        WrongUsage: the source is not complete, or asks for what is not supported.
        SlipwayError: the remote refuses, or does not have what is asked for.
    """
    source = content.source
    _refuse(source, content.where)
    found = _obtained(content, at)
    _check_out(found.repository, found.commit, content, into)
    return found.entry()


def _opened(content: Content, at: Place, name: str) -> Repository:
    """Return a new repository whose remote is a source, or its mirror on this machine."""
    url = str(content.source["url"])
    mirror = at.mirrors.get(url)
    if mirror is None:
        keys = at.scratch / f"{name}-keys"
        env = auth.environment(content.source, at.config, content.where, keys)
        return Repository(at.scratch / name, _address(url, at.root), env)
    # Whoever reads a mirror needs no key, and often has none.
    source = {key: value for key, value in content.source.items() if key != "secretRef"}
    env = auth.environment(source, at.config, content.where, at.scratch)
    repository = Repository(at.scratch / name, str(mirror.absolute()), env)
    repository.borrow(mirror)
    return repository


def _refuse(source: Mapping[str, Any], where: str) -> None:
    url = source.get("url", "")
    if not url or url.startswith("-"):
        raise WrongUsage(f"git needs a url, this is {url!r}", where=where)
    if "verification" in source:
        raise WrongUsage(
            "verification of signatures is not supported",
            where=where,
            fix="pin ref to a full commit id, and take verification out",
        )
    if not source.get("ref") and "refSelection" not in source:
        raise WrongUsage("git needs a ref or a refSelection", where=where)
    if source.get("ref", "").startswith("-"):
        raise WrongUsage(f"{source['ref']!r} is no ref", where=where)
    if source.get("depth", 0) < 0:
        raise WrongUsage("depth cannot be negative", where=where)


def _address(url: str, root: Path) -> str:
    """Return a url as git takes it; a path is one from the root, not from git's own folder."""
    head = url.partition("/")[0]
    if "://" in url or ":" in head or Path(url).is_absolute():
        return url
    return str(root / url)


def _obtained(content: Content, at: Place) -> Found:
    """Fetch what a source names.

    Raises:
        SlipwayError: the remote refuses, or does not have it.
    """
    source = content.source
    repository = _opened(content, at, "repository")
    refs = repository.advertised()
    ref = source.get("ref") or _selected(source["refSelection"], refs)
    depth = source.get("depth", 0)
    if not depth and not repository.borrows and (commit := _plain(ref, refs)):
        tags = [name for name in refs if name.startswith("refs/tags/")]
        own = [name for name in tags if refs[name] == commit]
        if own or not tags:
            if found := _fetched_alone(repository, commit, own):
                return found
            # It has noted down already that it is not to have everything.
            repository = _opened(content, at, "whole")
    if repository.borrows and not depth:
        repository.adopt()
    else:
        branch = ref.removeprefix("origin/") if ref.startswith("origin/") else ""
        repository.fetch_all(branch if f"refs/heads/{branch}" in refs else "", depth)
    if _FULL.fullmatch(ref) and not repository.has(ref):
        repository.fetch_commit(ref, depth)
    commit = repository.resolve(ref)
    if not commit:
        raise SlipwayError(
            f"{redact(source['url'])} has no {ref!r}",
            where=content.where,
            fix="ref is a commit, a tag, a branch, or origin/BRANCH",
        )
    return Found(repository, *repository.look_up(commit), repository.describe(commit))


def _fetched_alone(repository: Repository, commit: str, tags: list[str]) -> Found | None:
    """Fetch a commit and nothing else, not even contents; None when it is not to be had so."""
    try:
        repository.fetch_one(commit, tags)
    except SlipwayError as error:
        journal.say(f"one commit alone is not to be had, so all are fetched: {error}")
        return None
    found, message = repository.look_up(commit)
    if not found:
        return None
    return Found(repository, found, message, repository.describe(found) if tags else "")


def _selected(selection: Mapping[str, Any], refs: Mapping[str, str]) -> str:
    semver = selection.get("semver")
    if semver is None:
        raise WrongUsage("refSelection needs semver")
    names = [n.removeprefix("refs/tags/") for n in refs if n.startswith("refs/tags/")]
    prereleases = semver.get("prereleases")
    identifiers = None if prereleases is None else prereleases.get("identifiers", [])
    return highest(names, semver.get("constraints", ""), identifiers)


def _plain(ref: str, refs: Mapping[str, str]) -> str:
    """Return the commit that a reference names, when the remote's list of refs tells; else ""."""
    if _FULL.fullmatch(ref):
        return ref
    if ref.startswith("refs/"):
        return refs.get(ref, "") if ref.startswith("refs/tags/") else ""
    tag = refs.get(f"refs/tags/{ref}", "")
    if tag or _MAYBE_SHORT.fullmatch(ref):
        return tag
    if ref.startswith("origin/"):
        return refs.get(f"refs/heads/{ref.removeprefix('origin/')}", "")
    return refs.get(f"refs/heads/{ref}", "")


def _check_out(repository: Repository, commit: str, content: Content, into: Path) -> None:
    keep = keeper(content)
    entries = repository.entries(commit)
    if not content.source.get("skipInitSubmodules") and any(
        entry.submodule and _may_be_kept(content, entry.path) for entry in entries
    ):
        repository.check_out_all(commit, into)
        return
    wanted = [entry for entry in entries if not entry.submodule and keep(entry.path)]
    attributes = [entry for entry in entries if entry.path.rpartition("/")[2] == ".gitattributes"]
    repository.check_out(commit, wanted, attributes, into)


def _may_be_kept(content: Content, folder: str) -> bool:
    include = content.globs("includePaths")
    globs = [*include, *content.globs("legalPaths")]
    return not include or any(glob.may_match_below(folder) for glob in globs)
