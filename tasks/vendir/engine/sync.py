"""The sync: fetch, filter, stage, check, swap, and the lock last of all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tasks.kernel.errors import SlipwayError

from . import config as configs
from . import filters, links, lock, sources
from .gitsource import Place
from .lock import Lock, LockedContent, LockedDirectory
from .model import Config, Content, Directory
from .paths import is_within
from .staging import Area, area, copy_tree, make_folders

Say = Callable[[str], None]


class Request(NamedTuple):
    """What is asked for.

    Attributes:
        root: what everything is relative to.
        config: all of the configuration.
        lock_file: where the lock is; absolute.
        only: contents to sync, each as DIRECTORY/CONTENT → a local folder to take it from, or "";
            all when empty.
        locked: take what the lock says and nothing newer.
        lazy: leave lazy contents alone whose configuration is the same.
        any_links: let links lead anywhere.
        mirrors: url → bare repository on this machine to fetch from instead.
    """

    root: Path
    config: Config
    lock_file: Path
    only: Mapping[str, str] = MappingProxyType({})
    locked: bool = False
    lazy: bool = True
    any_links: bool = False
    mirrors: Mapping[str, Path] = MappingProxyType({})


class Plan(NamedTuple):
    """A request made precise: nothing has been touched yet.

    Attributes:
        request: as it was asked.
        config: what is synced, pinned when that was asked.
        before: the lock as it is; None when there is none that can be read.
    """

    request: Request
    config: Config
    before: Lock | None


def plan(request: Request) -> Plan:
    """Say what a request comes to.

    Raises:
        WrongUsage: it names what is not there, or wants what is not supported.
        SlipwayError: the lock is needed, and is missing or does not fit.
    """
    config = request.config
    needed = request.locked or bool(request.only)
    before = _lock_before(request, needed)
    if request.only:
        config = configs.subset(config, tuple(request.only))
        for name, folder in request.only.items():
            config = configs.with_local(config, name, folder) if folder else config
    if request.locked:
        if before is None:
            raise SlipwayError(
                "--locked needs a lock, and there is none",
                where=str(request.lock_file),
                fix="run sync without --locked, and commit the lock that it writes",
            )
        config = lock.pinned(config, before, str(request.lock_file))
    sources.refuse_unsupported(config)
    for directory in config.directories:
        _refuse_root(request.root, directory)
    return Plan(request, config, before)


def _lock_before(request: Request, needed: bool) -> Lock | None:
    try:
        return lock.parse(request.lock_file.read_bytes().decode(), str(request.lock_file))
    except FileNotFoundError:
        return None
    except (SlipwayError, OSError, UnicodeDecodeError) as error:
        if not needed:
            return None  # it will be written anew
        if isinstance(error, SlipwayError):
            raise
        raise SlipwayError(
            f"the lock cannot be read: {error}", where=str(request.lock_file)
        ) from None


def _refuse_root(root: Path, directory: Directory) -> None:
    """Refuse a directory that we stand in: replacing it would take everything else along."""
    target = os.path.normpath(root.resolve() / directory.path)
    if is_within(str(root.resolve()), target):
        raise SlipwayError(
            f"path {directory.path!r} holds the folder that the sync runs in",
            where=directory.where,
            fix="name a folder below it",
        )


def sync(what: Plan, say: Say = lambda _: None) -> Lock:
    """Bring the tree to what the plan says, write the lock, and return it.

    Raises:
        SlipwayError: something cannot be had; the directory it belongs to is as before.
    """
    request = what.request
    try:
        with area(request.root, _own(request)) as temporary:
            done = tuple(_directory(what, each, temporary, say) for each in what.config.directories)
    except OSError as error:
        raise SlipwayError(f"{error.strerror or error}", where=str(error.filename or "")) from None
    after = Lock(done)
    if request.only and what.before:
        after = what.before.merged(after)
    if not any(request.only.values()):
        write_lock(request.lock_file, after.render())
    return after


def _own(request: Request) -> frozenset[str]:
    """Return the places that a sync of this configuration swaps, from the root."""
    names = [each.path for each in request.config.directories]
    names += [d.full(content) for d in request.config.directories for content in d.contents]
    return frozenset(os.path.relpath(request.root / name, request.root) for name in names)


def _directory(what: Plan, directory: Directory, temporary: Area, say: Say) -> LockedDirectory:
    target = what.request.root / directory.path
    whole = not what.request.only
    tree = temporary.new("staging")
    tree.mkdir(mode=0o700)
    entries, staged, fetched = [], {}, []
    for content in directory.contents:
        place = tree if content.path == "." else tree / content.path
        make_folders(place.parent)
        if content.path == ".":
            tree.rmdir()
        entries.append(entry := stage(what, directory, content, temporary, place, say))
        if what.before is None or entry is not what.before.find(directory.path, content.path):
            fetched.append(content)  # the mode of one that is left alone is left alone, too
        staged[target if content.path == "." else target / content.path] = place
    if not what.request.any_links:
        links.check(target, {target: tree} if whole else staged)
    if whole:
        temporary.swap(tree, target)
    else:
        for final, place in staged.items():
            temporary.swap(place, final)
    for content in fetched:
        set_mode(directory, content, target if content.path == "." else target / content.path)
    if directory.permissions is not None and target.is_dir():
        target.chmod(directory.permissions)
    return LockedDirectory(directory.path, tuple(entries))


def set_mode(directory: Directory, content: Content, place: Path) -> None:
    """Set what is configured; a content without a mode has that of its directory."""
    mode = directory.permissions if content.permissions is None else content.permissions
    if mode is not None and not place.is_symlink():
        place.chmod(mode)


def stage(
    what: Plan, directory: Directory, content: Content, temporary: Area, place: Path, say: Say
) -> LockedContent:
    """Make a content at a place that is free, and return its lock entry.

    Raises:
        SlipwayError: it cannot be had.
    """
    request, name = what.request, directory.full(content)
    existing = request.root / name
    digest = lock.digest(content) if content.lazy else ""
    held = what.before.find(directory.path, content.path) if what.before and digest else None
    if request.lazy and held and held.digest == digest:
        say(f"Skipping fetch: {name} (flagged as lazy, config has not changed since last sync)")
        _keep_whole(existing, place, "sync with --lazy=false fetches it")
        return held
    say(f"Fetching: {directory.path} + {content.path} ({content.kind})")
    if content.kind == sources.MANUAL:
        _keep_whole(existing, place, "put it there; a manual content is kept by hand")
        return LockedContent(content.path, content.kind, {}, digest)
    at = Place(request.root, request.config, temporary.new("incoming"), request.mirrors)
    at.scratch.mkdir(mode=0o700)
    facts = sources.fetch(content, at, place)
    filters.apply(place, filters.keeper(content), content.where)
    filters.new_root(place, content.new_root, content.where, temporary.new("root"))
    filters.keep_existing(content, existing, place)
    return LockedContent(content.path, content.kind, facts, digest)


def _keep_whole(existing: Path, place: Path, fix: str) -> None:
    """Copy what is there: the old tree stays whole until the new one has taken its place."""
    if not os.path.lexists(existing):
        raise SlipwayError("there is nothing to keep here", where=str(existing), fix=fix)
    copy_tree(existing, place)


def write_lock(path: Path, content: bytes) -> None:
    """Write the lock; one that says the same is left alone.

    Raises:
        SlipwayError: it cannot be written.
    """
    path = Path(os.path.realpath(path))
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        spare = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        handle = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            spare.replace(path)
        except BaseException:
            spare.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SlipwayError(
            f"the lock cannot be written: {error.strerror}",
            where=str(path),
            fix="its folder must exist; run the same again",
        ) from None
