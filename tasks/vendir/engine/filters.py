"""What of a fetched tree is kept: filters, the new root, and files that stay as they were."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from .folders import make_folders, remove, walk
from .globs import any_matches
from .model import Content
from .paths import inside

Keep = Callable[[str], bool]


def keeper(content: Content) -> Keep:
    """Return the test whether a path of what is fetched is kept.

    Git's own folder never is, which is the one thing that the original has otherwise.
    """
    include, exclude = content.globs("includePaths"), content.globs("excludePaths")
    legal = content.globs("legalPaths")

    def keep(path: str) -> bool:
        if ".git" in path.split("/"):
            return False
        chosen = (not include or any_matches(include, path)) and not any_matches(exclude, path)
        return chosen or any_matches(legal, path)

    return keep


def apply(folder: Path, keep: Keep, where: str) -> None:
    """Remove what is not kept, and every folder that is empty then.

    Raises:
        SlipwayError: nothing is left.
    """
    for parent, folders, names in reversed(list(walk(folder)) if folder.is_dir() else []):
        relative = os.path.relpath(parent, folder)
        for name in (*names, *folders):
            path = Path(parent, name)
            inner = name if relative == "." else f"{relative}/{name}"
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif not keep(inner):
                path.unlink()
    if not folder.is_dir() or not any(folder.iterdir()):
        raise SlipwayError(
            "nothing is left of this content after its filters",
            where=where,
            fix="correct includePaths and excludePaths (a pattern names files: folder/**/*)",
        )


def new_root(folder: Path, wanted: str, where: str, spare: Path) -> None:
    """Replace a tree by a part of itself, which may be a single file.

    Args:
        folder: the tree.
        wanted: the part, as configured.
        where: for messages.
        spare: a path that is free.

    Raises:
        SlipwayError: there is no such part, or the way to it is a link.
    """
    part = inside(wanted, "newRootPath", where)
    if part == ".":
        return
    *above, _ = part.split("/")
    step = folder
    for name in above:
        step /= name
        if step.is_symlink():
            raise SlipwayError(f"newRootPath {wanted!r} leads through a link", where=where)
    if not os.path.lexists(folder / part):
        raise SlipwayError(
            f"newRootPath {wanted!r} is not there",
            where=where,
            fix="correct it; what the filters leave out is not there either",
        )
    (folder / part).rename(spare)
    remove(folder)
    spare.rename(folder)


def keep_existing(content: Content, existing: Path, folder: Path) -> None:
    """Take the files that `ignorePaths` selects in the existing tree over into the new one.

    Raises:
        SlipwayError: a pattern selects something else than a file, or its place is taken.
    """
    globs = content.globs("ignorePaths")
    if not globs or not existing.is_dir():
        return
    for parent, folders, names in walk(existing):
        relative = os.path.relpath(parent, existing)
        for name in sorted((*folders, *names)):
            inner = name if relative == "." else f"{relative}/{name}"
            if any_matches(globs, inner):
                _take_over(existing / inner, folder, inner, content.where)


def _take_over(source: Path, folder: Path, inner: str, where: str) -> None:
    place = f"{where}.ignorePaths"
    try:
        regular = stat.S_ISREG(source.stat().st_mode)
    except OSError:
        regular = False
    if not regular:
        raise SlipwayError(
            f"{inner} is no file, and only files can be kept",
            where=place,
            fix="write patterns that select files, such as folder/**/*.yml",
        )
    step = folder
    for name in inner.split("/")[:-1]:
        step /= name
        if step.is_symlink() or (step.exists() and not step.is_dir()):
            raise SlipwayError(f"{inner} cannot be kept: {name} is no folder any more", where=place)
    target = folder / inner
    if target.is_dir() and not target.is_symlink():
        raise SlipwayError(f"{inner} cannot be kept: a folder has come in its place", where=place)
    make_folders(target.parent)
    target.unlink(missing_ok=True)  # never through a link that was fetched
    import shutil  # seldom needed, and heavy

    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(handle, "wb") as file, source.open("rb") as kept:
        shutil.copyfileobj(kept, file)
