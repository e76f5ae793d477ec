"""Where contents come from: one function for each kind of source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tasks.kernel.errors import SlipwayError, WrongUsage

from . import auth, gitsource
from .folders import copy_tree, make_folders
from .gitsource import Place
from .model import Config, Content
from .paths import inside, join
from .staging import PREFIX

Facts = dict[str, Any]
Source = Callable[[Content, Place, Path], Facts]


def fetch(content: Content, at: Place, into: Path) -> Facts:
    """Write what a content's source has, and return its lock entry.

    Args:
        content: of which kind and from where.
        at: what may be used for it.
        into: a path that is free.
    """
    return _SOURCES[content.kind](content, at, into)


def refuse_unsupported(config: Config) -> None:
    """Refuse a configuration with a source that is not known here, before anything is touched.

    Raises:
        WrongUsage: it has one.
    """
    for directory in config.directories:
        for content in directory.contents:
            if content.kind != MANUAL and content.kind not in _SOURCES:
                raise WrongUsage(
                    f"a source of kind {content.kind} is not supported",
                    where=content.where,
                    fix=f"known are {', '.join(sorted([MANUAL, *_SOURCES]))};"
                    " vendir itself can sync the others",
                )


def _directory(content: Content, at: Place, into: Path) -> Facts:
    given = content.source.get("path", "")
    source = at.root / given
    if not given or source.is_symlink() or not source.is_dir():
        raise SlipwayError(f"{given!r} is no folder", where=f"{content.where}.directory.path")
    copy_tree(source, into, without=_area_of(at))
    return {}


def _area_of(at: Place) -> Path | None:
    return next((path for path in at.scratch.parents if path.name.startswith(PREFIX)), None)


def _inline(content: Content, at: Place, into: Path) -> Facts:
    source, where = content.source, f"{content.where}.inline"
    for path, text in source.get("paths", {}).items():
        _write(into, path, text.encode("utf-8", "surrogateescape"), where)
    for given in source.get("pathsFrom", []):
        for path, value in _referred(given, at.config, where).items():
            _write(into, path, value, where)
    return {}


def _referred(given: Mapping[str, Any], config: Config, where: str) -> dict[str, bytes]:
    """Return what a secret or a map gives for an inline source: path → content."""
    if "secretRef" in given:
        ref = given["secretRef"]
        held: Mapping[str, bytes] = auth.secret(config, ref.get("name", ""), where)
    elif "configMapRef" in given:
        ref = given["configMapRef"]
        texts = config.maps.get(ref.get("name", ""))
        if texts is None:
            twice = "more than one" if ref.get("name") in config.maps else "no"
            raise WrongUsage(f"there is {twice} config map {ref.get('name')!r}", where=where)
        held = {key: text.encode("utf-8", "surrogateescape") for key, text in texts.items()}
    else:
        raise WrongUsage("pathsFrom needs a secretRef or a configMapRef", where=where)
    return {join(ref.get("directoryPath", ""), key): value for key, value in held.items()}


def _write(into: Path, path: str, value: bytes, where: str) -> None:
    inner = inside(path, "the path", where)
    if inner == ".":
        raise WrongUsage(f"{path!r} names no file", where=where)
    make_folders((into / inner).parent)
    handle = os.open(into / inner, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(value)


def _http(content: Content, at: Place, into: Path) -> Facts:
    from . import httpsource  # most configurations name git alone, and imports cost more than it

    return httpsource.fetch(content, at, into)


def _chart(content: Content, at: Place, into: Path) -> Facts:
    from . import helmsource

    return helmsource.fetch(content, at, into)


def _release(content: Content, at: Place, into: Path) -> Facts:
    from . import releasesource

    return releasesource.fetch(content, at, into)


def _image(content: Content, at: Place, into: Path) -> Facts:
    from . import imagesource

    return imagesource.fetch(content, at, into)


MANUAL: Final = "manual"
_SOURCES: Final[Mapping[str, Source]] = {
    "git": gitsource.fetch,
    "directory": _directory,
    "inline": _inline,
    "http": _http,
    "helmChart": _chart,
    "githubRelease": _release,
    "image": _image,
}
