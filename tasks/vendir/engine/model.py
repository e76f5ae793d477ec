"""The configuration as values: which directories, filled with which contents, from where."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from .globs import Glob, compiled
from .paths import join

DEFAULT_LEGAL: Final = (
    "{LICENSE,LICENCE,License,Licence}{,.md,.txt,.rst}",
    "{COPYRIGHT,Copyright}{,.md,.txt,.rst}",
    "{NOTICE,Notice}{,.md,.txt,.rst}",
)


class Content(NamedTuple):
    """One content of a directory.

    Attributes:
        path: cleaned, relative to its directory; "." is the whole directory.
        kind: which source it comes from (`git`, `manual`, …).
        entry: everything that is given for it, nothing that is empty: what a digest is taken of.
        where: file and line, for messages.
        tag: the tag that a pinned image was resolved from.
    """

    path: str
    kind: str
    entry: Mapping[str, Any]
    where: str = ""
    tag: str = ""

    @property
    def source(self) -> Mapping[str, Any]:
        """What is given for the source."""
        given: Mapping[str, Any] = self.entry[self.kind]
        return given

    @property
    def lazy(self) -> bool:
        """Whether it is fetched only when its configuration changed."""
        return bool(self.entry.get("lazy"))

    @property
    def new_root(self) -> str:
        """Which part of what is fetched becomes the content; "" is all of it."""
        return str(self.entry.get("newRootPath", ""))

    @property
    def permissions(self) -> int | None:
        """The mode of its folder, when given."""
        return self.entry.get("permissions")

    def globs(self, key: str) -> list[Glob]:
        """Return the patterns of `includePaths` and its like; the legal ones have a default."""
        default = DEFAULT_LEGAL if key == "legalPaths" else ()
        return [compiled(pattern) for pattern in self.entry.get(key, default)]

    def with_source(self, **changes: Any) -> Content:
        """Return it with some fields of its source changed; an empty value takes one away."""
        source = {
            key: value
            for key, value in {**self.source, **changes}.items()
            if key not in changes or value not in ("", None)
        }
        return self._replace(entry={**self.entry, self.kind: source})


class Directory(NamedTuple):
    """A folder that is filled as a whole.

    Attributes:
        path: cleaned; relative to the root of the sync, or absolute.
        contents: in the order of the file.
        permissions: mode of the folder, when given.
        where: file and line, for messages.
    """

    path: str
    contents: tuple[Content, ...]
    permissions: int | None = None
    where: str = ""

    def full(self, content: Content) -> str:
        """Return a content's path from the root."""
        return join(self.path, content.path)


class Config(NamedTuple):
    """A configuration with the secrets and maps that stand beside it.

    Attributes:
        directories: in the order of the file.
        minimum_version: `minimumRequiredVersion` as given.
        secrets: name → key → value.
        maps: name → key → value; a name that is given twice is None.
    """

    directories: tuple[Directory, ...]
    minimum_version: str = ""
    secrets: Mapping[str, Mapping[str, bytes]] = MappingProxyType({})
    maps: Mapping[str, Mapping[str, str] | None] = MappingProxyType({})

    def __repr__(self) -> str:
        """Show nothing of the secrets."""
        return f"Config({self.directories!r}, secrets of {sorted(self.secrets)})"


def as_values(config: Config) -> dict[str, Any]:
    """Return a configuration as plain values, as the original prints it."""
    directories = []
    for directory in config.directories:
        entry: dict[str, Any] = {"path": directory.path}
        if directory.contents:
            entry["contents"] = [dict(content.entry) for content in directory.contents]
        if directory.permissions is not None:
            entry["permissions"] = directory.permissions
        directories.append(entry)
    values: dict[str, Any] = {
        "apiVersion": "vendir.k14s.io/v1alpha1",
        "kind": "Config",
        "minimumRequiredVersion": config.minimum_version,
    }
    return values | ({"directories": directories} if directories else {})
