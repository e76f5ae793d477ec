"""Whether a tree is what its lock says, file by file: contents, x bits and links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from tasks.kernel.errors import SlipwayError

from . import pins, sources
from .folders import walk
from .gitsource import Place
from .model import Directory
from .paths import join
from .staging import Area, outside
from .sync import Plan, set_mode, stage


class Drift(NamedTuple):
    """One way in which the tree is not what its lock says.

    Attributes:
        path: from the root.
        what: `changed`, `missing`, `extra`, `mode` or `lock`.
    """

    path: str
    what: str


def verify(what: Plan) -> list[Drift]:
    """Fetch again what the lock says, and compare; nothing is changed.

    Args:
        what: a plan that is locked and not lazy.

    Raises:
        SlipwayError: something cannot be fetched.
    """
    found: list[Drift] = []
    try:
        with outside(what.request.root) as temporary:
            locks = _other_locks(what, temporary)
            for directory in what.config.directories:
                expected: dict[str, str] = {}
                kept: list[str] = []
                for content in directory.contents:
                    name = directory.full(content)
                    if content.kind == sources.MANUAL:
                        kept.append(name)
                        continue
                    place = temporary.new("expected")
                    stage(what, directory, content, temporary, place, lambda _: None)
                    if not place.is_dir():  # of a folder no mode is compared
                        set_mode(directory, content, place)
                    expected |= _listed(place, name)
                found += _compared(what, directory, expected, kept)
    except OSError as error:
        raise SlipwayError(f"{error.strerror or error}", where=str(error.filename or "")) from None
    return [*locks, *sorted(found)]


def _other_locks(what: Plan, temporary: Area) -> list[Drift]:
    """Return contents whose configuration asks for something else than the lock, or for nothing.

    The lock of a whole configuration has no other entries than that has contents.
    """
    request, found = what.request, []
    named = {d.full(content) for d in request.config.directories for content in d.contents}
    if what.before and not request.only:
        held = [
            join(d.path, content.path) for d in what.before.directories for content in d.contents
        ]
        found += [Drift(name, "lock") for name in held if name not in named]
    for directory in request.config.directories:
        for content in directory.contents:
            name = directory.full(content)
            entry = what.before.find(directory.path, content.path) if what.before else None
            if entry is None or name not in (request.only or named) or request.only.get(name):
                continue
            at = Place(request.root, request.config, temporary.new("asked"), request.mirrors)
            at.scratch.mkdir(mode=0o700)
            if not pins.fits(content, entry.facts, at):
                found.append(Drift(name, "lock"))
    return found


def _compared(
    what: Plan, directory: Directory, expected: dict[str, str], kept: list[str]
) -> list[Drift]:
    names = [directory.full(content) for content in directory.contents]
    tops = names if what.request.only else [directory.path]
    there: dict[str, str] = {}
    for top in tops:
        there |= _listed(what.request.root / top, top)
    found = [
        Drift(name, "missing") for name in kept if not os.path.lexists(what.request.root / name)
    ]
    for path in sorted({*expected, *there}):
        if any(path == name or path.startswith(f"{name}/") for name in kept):
            continue
        if path not in there:
            found.append(Drift(path, "missing"))
        elif path not in expected:
            found.append(Drift(path, "extra"))
        elif expected[path] != there[path]:
            same = expected[path].partition(" ")[2] == there[path].partition(" ")[2]
            found.append(Drift(path, "mode" if same else "changed"))
    return found


def _listed(top: Path, name: str) -> dict[str, str]:
    """Return every file of a tree: path from the root → kind, and a digest of what it holds."""
    if not os.path.lexists(top):
        return {}
    if top.is_symlink() or not top.is_dir():
        return {name: _mark(top)}
    found = {}
    for parent, folders, names in walk(top):
        relative = os.path.relpath(parent, top)
        for each in (*names, *folders):
            path = Path(parent, each)
            if path.is_symlink() or not path.is_dir():
                inner = each if relative == "." else f"{relative}/{each}"
                found[f"{name}/{inner}"] = _mark(path)
    return found


def _mark(path: Path) -> str:
    from hashlib import file_digest

    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link {path.readlink()}"
    if not stat.S_ISREG(mode):
        return "special "
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return f"{'program' if mode & stat.S_IXUSR else 'file'} {digest}"
