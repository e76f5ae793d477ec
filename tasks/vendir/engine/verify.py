"""Whether a tree is what its lock says, file by file: contents, x bits and links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from tasks.kernel.errors import SlipwayError

from . import sources
from .model import Content, Directory
from .paths import join
from .staging import outside
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
    return sorted(found)


def moved(what: Plan) -> list[Drift]:
    """Return contents whose configuration names another commit than the lock, or does not at all.

    The lock of a whole configuration has no other entries than that has contents.
    """
    found = []
    named = {d.full(content) for d in what.request.config.directories for content in d.contents}
    if what.before and not what.request.only:
        held = [
            join(d.path, content.path) for d in what.before.directories for content in d.contents
        ]
        found += [Drift(name, "lock") for name in held if name not in named]
    for directory in what.request.config.directories:
        for content in directory.contents:
            entry = what.before.find(directory.path, content.path) if what.before else None
            if entry and _other_commit(content, str(entry.facts.get("sha", ""))):
                found.append(Drift(directory.full(content), "lock"))
    return found


def _other_commit(content: Content, sha: str) -> bool:
    ref = str(content.source.get("ref", "")) if content.kind == "git" else ""
    return len(ref) == len(sha) == 40 and ref != sha and not set(ref) - set("0123456789abcdef")


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
    for parent, folders, names in os.walk(top):
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
