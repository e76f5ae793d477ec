"""`vendir.yml` and its like: documents in, a checked configuration out. No disk, no network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

import yaml

from tasks.kernel.errors import WrongUsage

from . import shapes
from .documents import Document, root, split
from .model import Config, Content, Directory
from .paths import clean, inside, join

VERSION: Final = "0.40.0"
"""The version of the original whose behaviour this is."""

_MOST_PERMISSIONS: Final = 0o777
_MINIMUM: Final = r"(\d+(?:\.\d+){0,3})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"


def parse(files: Iterable[tuple[str, str]]) -> Config:
    """Return the one configuration that some files hold together.

    Args:
        files: name (for messages) and text of each.

    Raises:
        WrongUsage: something in them is wrong, said with file and line.
    """
    return _pooled(files).config()


def document(files: Iterable[tuple[str, str]]) -> Document:
    """Return the document of some files that is the configuration itself.

    Raises:
        WrongUsage: there is none, there are several, or another document is wrong.
    """
    return _pooled(files).one()[0]


def _pooled(files: Iterable[tuple[str, str]]) -> _Pool:
    pool = _Pool()
    for name, text in files:
        for document in split(text, name):
            pool.add(document)
    return pool


class _Pool:
    """The documents of all files."""

    def __init__(self) -> None:
        self.configs: list[tuple[Document, yaml.Node]] = []
        self.secrets: dict[str, dict[str, bytes]] = {}
        self.maps: dict[str, dict[str, str] | None] = {}

    def add(self, document: Document) -> None:
        node = root(document)
        if node is None:
            raise WrongUsage(
                "this document holds nothing but comments",
                where=f"{document.name}:{document.line + 1}",
                fix="remove it, with the --- before it",
            )
        kind = shapes.KIND.read(document, node, "the document")
        if (kind["apiVersion"], kind["kind"]) == (shapes.API_VERSION, "Config"):
            self.configs.append((document, node))
        elif (kind["apiVersion"], kind["kind"]) == ("v1", "Secret"):
            self._secret(document, node)
        elif (kind["apiVersion"], kind["kind"]) == ("v1", "ConfigMap"):
            told = shapes.CONFIG_MAP.read(document, node, "the document")
            name = told["metadata"].get("name", "")
            self.maps[name] = None if name in self.maps else told.get("data", {})
        else:
            what = f"apiVersion {kind['apiVersion']!r} with kind {kind['kind']!r} is unknown"
            known = f"{shapes.API_VERSION} with Config, or v1 with Secret or ConfigMap"
            raise document.wrong(node, what, f"known are {known}")

    def _secret(self, document: Document, node: yaml.Node) -> None:
        import base64
        import binascii

        told = shapes.SECRET.read(document, node, "the document")
        name = told["metadata"].get("name", "")
        data = {}
        for key, value in told.get("data", {}).items():
            try:
                data[key] = base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True)
            except (binascii.Error, ValueError):
                what = f"the value of {key} in secret {name} is not base64"
                raise document.wrong(node, what) from None
        if self.secrets.setdefault(name, data) != data:
            raise document.wrong(node, f"secret {name} is given twice, with other data")

    def one(self) -> tuple[Document, yaml.Node]:
        if not self.configs:
            raise WrongUsage("there is no document of kind Config", fix="name its file with -f")
        if len(self.configs) > 1:
            (first, node), (second, other) = self.configs[:2]
            raise second.wrong(other, f"a second Config; the first is {first.place(node)}")
        return self.configs[0]

    def config(self) -> Config:
        document, node = self.one()
        held = shapes.CONFIG.read(document, node, "the document")
        _check_version(held["minimumRequiredVersion"], document, node)
        directories = tuple(
            _directory(entry, f"{document.name}: directories[{position}]")
            for position, entry in enumerate(held.get("directories", []))
        )
        _check_overlap([directory.path for directory in directories], document.name)
        minimum = held["minimumRequiredVersion"]
        return Config(directories, minimum, self.secrets, self.maps)


def _check_version(minimum: str, document: Document, node: yaml.Node) -> None:
    if not minimum:
        return
    found = re.fullmatch(_MINIMUM, minimum)
    if not found:
        what = f"minimumRequiredVersion {minimum!r} is no version"
        raise document.wrong(node, what, "write it like 0.8.0, without a v")
    wanted = [int(part) for part in found[1].split(".")]
    ours = [int(part) for part in VERSION.split(".")]
    if wanted + [0] * (4 - len(wanted)) > [*ours, 0]:
        what = f"minimumRequiredVersion is {minimum}; this does what {VERSION} does"
        raise document.wrong(node, what, "lower it, if nothing newer is used")


def _directory(entry: dict[str, Any], where: str) -> Directory:
    raw = entry["path"]
    if clean(raw) in ("/", ".", "..") or not raw:
        raise WrongUsage(f"path {raw!r} is not allowed for a directory", where=where)
    if ".git" in clean(raw).casefold().split("/"):
        raise WrongUsage(f"path {raw!r} is inside of git's own folder", where=where)
    contents = tuple(
        _content(inner, f"{where}.contents[{position}]")
        for position, inner in enumerate(entry.get("contents", []))
    )
    paths = [content.path for content in contents]
    if "." in paths and len(paths) > 1:
        what = 'a content with path "." must be the only one of its directory'
        raise WrongUsage(what, where=where, fix="give each content a path of its own")
    _check_overlap([join(raw, path) for path in paths], where)
    permissions = _permissions(entry, where)
    return Directory(clean(raw), contents, permissions, where)


def _content(entry: dict[str, Any], where: str) -> Content:
    raw = entry["path"]
    if not raw or raw == "/" or clean(raw).split("/")[0] == "..":
        raise WrongUsage(f"path {raw!r} is not allowed for a content", where=where)
    path = inside(raw, "path", where)
    if ".git" in path.casefold().split("/"):
        raise WrongUsage(f"path {raw!r} has git's own folder in it", where=where)
    kinds = [kind for kind in shapes.SOURCES if kind in entry]
    if len(kinds) != 1:
        names = ", ".join(kinds) or "none"
        raise WrongUsage(
            f"a content needs exactly one source, this has {names}",
            where=where,
            fix=f"give one of {', '.join(shapes.SOURCES)} (manual: {{}} for files kept by hand)",
        )
    _permissions(entry, where)
    content = Content(path, kinds[0], {**entry, "path": path}, where)
    _check_patterns(content)
    inside(content.new_root, "newRootPath", where)
    return content


def _permissions(entry: dict[str, Any], where: str) -> int | None:
    mode: int | None = entry.get("permissions")
    if mode is not None and not 0 <= mode <= _MOST_PERMISSIONS:
        what = f"permissions {mode} is no mode (it is {mode:o} in octal)"
        raise WrongUsage(what, where=where, fix="write it with a leading zero, like 0755")
    return mode


def _check_patterns(content: Content) -> None:
    for key in ("includePaths", "excludePaths", "ignorePaths", "legalPaths"):
        try:
            content.globs(key)
        except WrongUsage as error:
            raise WrongUsage(error.what, where=f"{content.where}.{key}", fix=error.fix) from None


def _check_overlap(paths: Sequence[str], where: str) -> None:
    # By its parts, a path stands right before the first of those below it.
    for above, below in pairwise(sorted(clean(path).split("/") for path in paths)):
        if below[: len(above)] == above:
            what = f"{'/'.join(above)} and {'/'.join(below)} overlap"
            raise WrongUsage(what, where=where, fix="give each a folder of its own")


def subset(config: Config, names: Sequence[str]) -> Config:
    """Return the configuration with only some contents, each named as `dir/content`.

    Raises:
        WrongUsage: a name fits no content, or is given twice.
    """
    wanted = set(names)
    if len(wanted) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise WrongUsage(f"{twice} is given twice")
    kept = []
    for directory in config.directories:
        chosen = tuple(c for c in directory.contents if directory.full(c) in wanted)
        wanted.difference_update(directory.full(content) for content in chosen)
        if chosen:
            kept.append(directory._replace(contents=chosen))
    if wanted:
        have = [d.full(content) for d in config.directories for content in d.contents]
        what = f"no content is called {min(wanted)}"
        raise WrongUsage(what, fix=f"there are: {', '.join(have) or 'none'}")
    return config._replace(directories=tuple(kept), minimum_version="")


def with_local(config: Config, name: str, folder: str) -> Config:
    """Return the configuration with a content taken from a local folder instead of its source."""
    kept_keys = ("path", "lazy", "includePaths", "excludePaths", "ignorePaths", "legalPaths")

    def local(content: Content) -> Content:
        entry = {key: content.entry[key] for key in kept_keys if key in content.entry}
        return Content(
            content.path, "directory", entry | {"directory": {"path": folder}}, content.where
        )

    return config._replace(
        directories=tuple(
            directory._replace(
                contents=tuple(
                    local(content) if directory.full(content) == name else content
                    for content in directory.contents
                ),
            )
            for directory in config.directories
        ),
    )
