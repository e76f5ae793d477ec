"""Unpack layers into a folder as a container would see them; nothing is written outside of it.

Links are rewritten so that they mean the same without chroot: an absolute one becomes relative, and
what climbs out of the image stays at its root. Owners, special bits and devices are left out.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
from pathlib import Path

from tasks.kernel.errors import SlipwayError
from tasks.registry.layers import path_of, whiteout

_MOST_LINKS = 40


def apply(root: Path, tar: tarfile.TarFile, where: str) -> None:
    """Put a layer on top of what is in a folder.

    Args:
        root: the folder, which only we write to.
        tar: the layer.
        where: which layer of which image, for messages.

    Raises:
        SlipwayError: an entry cannot be unpacked.
    """
    members = tar.getmembers()
    for member in members:  # they hide what lies below, never what the layer itself brings
        hidden = whiteout(path_of(member.name))
        if hidden is not None:
            _hide(root, *hidden, where)
    for member in members:
        path = path_of(member.name)
        if path and whiteout(path) is None:
            try:
                _put(root, path, tar, member)
            except OSError as error:
                raise SlipwayError(
                    f"{path} cannot be unpacked: {error.strerror or error}", where=where
                ) from None


def inside(root: Path, path: str) -> Path:
    """Return where a path of the image is on disk, every link on the way followed in the image.

    Args:
        root: the unpacked image.
        path: from the image's root, with or without a leading slash.

    Raises:
        OSError: its links go round in circles.
    """
    todo = [part for part in path.split("/") if part not in ("", ".")]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop(0)
        if part == "..":
            done = done[:-1]
            continue
        here = root.joinpath(*done, part)
        if not here.is_symlink():
            done.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(f"too many links at {path}")
        target = str(here.readlink())
        if target.startswith("/"):
            done = []
        todo[:0] = [step for step in target.split("/") if step not in ("", ".")]
    return root.joinpath(*done)


def _put(root: Path, path: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    folder, name = posixpath.split(path)
    parent = inside(root, folder)
    if not parent.is_dir():
        _clear(parent)
        parent.mkdir(parents=True)
    target = parent / name
    if member.isdir():
        if target.is_symlink() or not target.is_dir():
            _clear(target)
            target.mkdir()
        target.chmod(0o755)
        return
    if member.ischr() or member.isblk() or member.isfifo():
        return
    if member.islnk():
        _link(root, target, member)
        return
    _clear(target)
    if member.issym():
        target.symlink_to(_relative(root, parent, member.linkname))
        return
    stream = tar.extractfile(member)
    if stream is None:
        raise OSError(f"an entry of the unknown type {member.type!r}")
    with stream, target.open("xb") as output:
        shutil.copyfileobj(stream, output)
    # Images are shared: nobody writes to their files.
    target.chmod(0o555 if member.mode & 0o111 else 0o444)


def _link(root: Path, target: Path, member: tarfile.TarInfo) -> None:
    folder, name = posixpath.split(path_of(member.linkname))
    source = inside(root, folder) / name
    if source == target:
        return
    if not source.is_symlink() and not source.is_file():
        raise OSError(f"it is a link to {member.linkname}, which is no file of the image")
    _clear(target)
    if source.is_symlink():  # the same text would mean another place from here
        goal = os.path.normpath(source.parent / source.readlink())
        target.symlink_to(_relative(root, target.parent, f"/{Path(goal).relative_to(root)}"))
    else:
        os.link(source, target)


def _relative(root: Path, parent: Path, target: str) -> str:
    """Return a link's target as seen from its folder, which holds no links in its own path."""
    here = parent.relative_to(root).as_posix()
    goal = posixpath.normpath(posixpath.join("/", here, target))
    return posixpath.relpath(goal, posixpath.join("/", here))


def _hide(root: Path, path: str, only_inside: bool, where: str) -> None:
    folder, name = posixpath.split(path)
    try:
        target = inside(root, folder) / name if path else root
        if not only_inside:
            if path and name not in (".", ".."):
                _clear(target)
            return
        if target.is_dir() and not target.is_symlink():
            for child in target.iterdir():
                _clear(child)
    except OSError as error:
        raise SlipwayError(f"{path} cannot be hidden: {error}", where=where) from None


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
