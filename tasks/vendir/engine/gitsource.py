"""Git sources: the commit that a reference names, its files, and what the lock says of it.

As little as possible is asked of the remote: one commit without history, and only the contents of
files that are kept. The lock names the newest tag before the commit, and to find that takes its
history (`history`), unless there are no tags at all or one stands on the commit itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from tasks.kernel import journal
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import auth, mirrors
from .filters import keeper
from .folders import remove
from .meanwhile import Meanwhile
from .model import Config, Content
from .refs import ALL
from .repository import Repository
from .versions import highest

_FULL: Final = r"[0-9a-f]{40}"
# Surely the name of a branch, and no more than a part of all such names.
_ORDINARY: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_][A-Za-z0-9_-]*)*"
_MAYBE_SHORT: Final = r"[0-9a-fA-F]{4,39}"
_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Place(NamedTuple):
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


class Found(NamedTuple):
    """The commit that a source names.

    Attributes:
        repository: has its trees, and gets its contents.
        commit: full id.
        message: the commit's own.
        tag: what `git describe` says of it; "" for nothing, None when that takes its history.
        branch: the only one that a complete clone would have; `refs.ALL` for all.
    """

    repository: Repository
    commit: str
    message: str
    tag: str | None
    branch: str = ALL

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
    _refuse(content.source, content.where)
    url = str(content.source["url"])
    return mirrors.or_url(url, at, lambda place: _fetched(content, place, into))


def _fetched(content: Content, at: Place, into: Path) -> dict[str, Any]:
    remove(into)  # what a mirror did not have all of
    with ExitStack() as held:

        def opened(name: str) -> Repository:
            return held.enter_context(closing(open_repository(content, at, name)))

        found = _obtained(content, opened)
        named = Meanwhile(partial(_name, found, opened))
        try:
            _check_out(found.repository, found.commit, content, into)
            return found._replace(tag=named.result()).entry()
        finally:
            named.wait()  # it writes where everything is about to be removed


def open_repository(content: Content, at: Place, name: str) -> Repository:
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
    env |= auth.trusted(mirror, at.scratch / f"{name}-gitconfig")
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


def _obtained(content: Content, opened: Callable[[str], Repository]) -> Found:
    """Fetch what a source names.

    Raises:
        SlipwayError: the remote refuses, or does not have it.
    """
    source = content.source
    repository = opened("repository")
    depth = source.get("depth", 0)
    alone = not depth and not repository.borrows
    one = _begun(repository, _evident(source.get("ref", "")) if alone else "")
    refs = repository.advertised()
    ref = source.get("ref") or _selected(source["refSelection"], refs)
    tags = [name for name in refs if name.startswith("refs/tags/")]
    branch = ref.removeprefix("origin/") if ref.startswith("origin/") else ""
    branch = branch if f"refs/heads/{branch}" in refs else ALL
    commit = _plain(ref, refs) if alone else ""
    # A server that leaves nothing out sends everything for the name: then once is enough.
    if commit and (repository.filters or not tags or commit in map(refs.get, tags)):
        fetched = one.result() if one else ""
        # Between two questions a branch may move: what was fetched is what counts.
        commit = fetched if fetched and f"refs/tags/{ref}" not in refs else commit
        own = [name for name in tags if refs[name] == commit]
        if found := _alone(repository, commit, own, fetched):
            return found if own or not tags else found._replace(tag=None, branch=branch)
    told = repository.told
    if repository.partial or one:  # it has noted down already that it is not to have everything
        repository = opened("whole")
    if depth:
        repository.fetch_limited(branch, depth)
    elif repository.borrows:
        repository.adopt(told, ALL)
    elif refs:
        repository.fetch_all(told, branch)
    if re.fullmatch(_FULL, ref) and not repository.has(ref):
        repository.fetch_commit(ref, depth)
    commit = repository.resolve(ref)
    if not commit:
        raise SlipwayError(
            f"{redact(source['url'])} has no {ref!r}",
            where=content.where,
            fix="ref is a commit, a tag, a branch, or origin/BRANCH",
        )
    tag = repository.describe(commit) if tags else ""
    return Found(repository, *repository.look_up(commit), tag)


def _begun(repository: Repository, evident: str) -> Meanwhile[str] | None:
    """Begin to fetch what is wanted before the remote has told its refs.

    Returns:
        The commit, or "" when it is not to be had alone; None while it is not plain what to fetch.
    """
    if not evident:
        return None

    def fetch_one() -> str:
        try:
            return repository.fetch_one(evident)
        except SlipwayError as error:
            journal.say(f"one commit alone is not to be had at once: {error}")
            return ""

    return repository.meanwhile(fetch_one)


def _evident(ref: str) -> str:
    """Return what to fetch for a reference when that is plain without any look; else ""."""
    if re.fullmatch(_FULL, ref):
        return ref
    name = ref.removeprefix("origin/")
    return f"refs/heads/{name}" if name != ref and re.fullmatch(_ORDINARY, name) else ""


def _alone(repository: Repository, commit: str, tags: list[str], fetched: str) -> Found | None:
    """Have a commit and nothing else, not even contents; None when it is not to be had so."""
    annotated = [tag for tag in tags if tag in repository.told.annotated]
    try:
        if commit != fetched or annotated:
            repository.fetch_one(commit, annotated)
    except SlipwayError as error:
        journal.say(f"one commit alone is not to be had, so all are fetched: {error}")
        return None
    found, message = repository.look_up(commit)
    if not found:
        return None
    if annotated:
        return Found(repository, found, message, repository.describe(found))
    # Of tags that are nothing but names git takes the first.
    return Found(repository, found, message, min(tags, default="").removeprefix("refs/tags/"))


def _name(found: Found, opened: Callable[[str], Repository]) -> str:
    """Return how a commit is named by the tags before it.

    Raises:
        SlipwayError: the remote refuses.
    """
    if found.tag is not None:
        return found.tag
    from . import history

    return history.describe(opened, found.repository.told, found.commit, found.branch)


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
    if re.fullmatch(_FULL, ref):
        return ref
    if ref.startswith("refs/"):
        return refs.get(ref, "") if ref.startswith("refs/tags/") else ""
    tag = refs.get(f"refs/tags/{ref}", "")
    if tag or re.fullmatch(_MAYBE_SHORT, ref):
        return tag
    if ref.startswith("origin/"):
        return refs.get(f"refs/heads/{ref.removeprefix('origin/')}", "")
    return refs.get(f"refs/heads/{ref}", "")


def _check_out(repository: Repository, commit: str, content: Content, into: Path) -> None:
    keep, may = keeper(content), _below(content)
    entries = repository.entries(commit, may)
    if not content.source.get("skipInitSubmodules") and any(
        entry.submodule and may(entry.path) for entry in entries
    ):
        repository.check_out_all(commit, into)
        return
    wanted = [entry for entry in entries if not entry.submodule and keep(entry.path)]
    attributes = [entry for entry in entries if entry.path.rpartition("/")[2] == ".gitattributes"]
    repository.check_out(commit, wanted, attributes, into)


def _below(content: Content) -> Callable[[str], bool]:
    """Return the test whether something below a folder may be kept; only False is certain."""
    include = content.globs("includePaths")
    globs = [*include, *content.globs("legalPaths")]
    return lambda folder: not include or any(glob.may_match_below(folder) for glob in globs)
