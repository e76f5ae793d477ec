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
from .folders import link_above, make_folders
from .gitsource import Place
from .lock import Lock, LockedContent, LockedDirectory
from .model import Config, Content, Directory
from .paths import is_within
from .staging import Area, area, areas
from .unfinished import hidden

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
    tree = temporary.new("staging")
    tree.mkdir(mode=0o700)
    entries, staged, kept, fetched = [], {}, [], []
    for content in directory.contents:
        place, final = _at(tree, content), _at(target, content)
        make_folders(place.parent)
        entry = _left_alone(what, directory, content, say)
        if entry is not None:
            kept.append(final)
        else:
            if place == tree:
                tree.rmdir()
            entry = stage(what, directory, content, temporary, place, say)
            staged[final] = place
        entries.append(entry)
        if what.before is None or entry is not what.before.find(directory.path, content.path):
            fetched.append(content)  # the mode of one that is left alone is left alone, too
    whole = not what.request.only and target not in kept
    if whole:
        staged = {target: tree}
    if not what.request.any_links:
        links.check(target, {**staged, **{final: final for final in kept}})
    for final, place in staged.items():
        inner = [os.path.relpath(each, target) for each in kept] if whole else []
        temporary.swap(place, final, inner)
    for content in fetched:
        set_mode(directory, content, _at(target, content))
    if directory.permissions is not None and target.is_dir():
        target.chmod(directory.permissions)
    return LockedDirectory(directory.path, tuple(entries))


def _at(folder: Path, content: Content) -> Path:
    return folder if content.path == "." else folder / content.path


def set_mode(directory: Directory, content: Content, place: Path) -> None:
    """Set what is configured; a content without a mode has that of its directory."""
    mode = directory.permissions if content.permissions is None else content.permissions
    if mode is not None and not place.is_symlink():
        place.chmod(mode)


def stage(
    what: Plan, directory: Directory, content: Content, temporary: Area, place: Path, say: Say
) -> LockedContent:
    """Fetch a content to a place that is free, and return its lock entry.

    Raises:
        SlipwayError: it cannot be had.
    """
    request = what.request
    say(f"Fetching: {directory.path} + {content.path} ({content.kind})")
    at = Place(request.root, request.config, temporary.new("incoming"), request.mirrors)
    at.scratch.mkdir(mode=0o700)
    facts = sources.fetch(content, at, place)
    filters.apply(place, filters.keeper(content), content.where)
    filters.new_root(place, content.new_root, content.where, temporary.new("root"))
    filters.keep_existing(content, request.root / directory.full(content), place)
    return LockedContent(content.path, content.kind, facts, _digest(content))


def _digest(content: Content) -> str:
    return lock.digest(content) if content.lazy else ""


def _left_alone(
    what: Plan, directory: Directory, content: Content, say: Say
) -> LockedContent | None:
    """Return the lock entry of a content that stays as it is; None for one that is fetched.

    Raises:
        SlipwayError: it should stay, and cannot.
    """
    request, digest = what.request, _digest(content)
    held = what.before.find(directory.path, content.path) if what.before and digest else None
    if request.lazy and held and held.digest == digest:
        name = directory.full(content)
        say(f"Skipping fetch: {name} (flagged as lazy, config has not changed since last sync)")
        fix = "sync with --lazy=false fetches it"
    elif content.kind == sources.MANUAL:
        say(f"Fetching: {directory.path} + {content.path} ({content.kind})")
        held = LockedContent(content.path, content.kind, {}, digest)
        fix = "put it there; a manual content is kept by hand"
    else:
        return None
    target = request.root / directory.path
    if not os.path.lexists(existing := _at(target, content)):
        left = [] if content.path == "." else hidden(areas(request.root), content.path)
        detail = [f"a sync that did not end has left it at {path}" for path in left]
        raise SlipwayError(
            "there is nothing to keep here", where=str(existing), fix=fix, detail=detail
        )
    moves = not request.only and content.path != "."
    if moves and (link := link_above(target, content.path)):
        raise SlipwayError(
            f"{existing} cannot move into the new tree: a link leads to it",
            where=str(link),
            fix="put the folder that it leads to in its place",
        )
    return held


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
