"""The lock: which commit, version or digest each content was taken from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tasks.kernel.errors import SlipwayError, WrongUsage

from . import shapes
from .documents import Document, root
from .emit import emit
from .model import Config, Content, Directory
from .paths import join

# What a lock entry must hold so that its content can be fetched again, and what it replaces.
_PINS: Final = {
    "git": ("sha", {"ref": "sha"}),
    "hg": ("sha", {"ref": "sha"}),
    "image": ("url", {"url": "url"}),
    "imgpkgBundle": ("image", {"image": "image"}),
    "githubRelease": ("url", {"url": "url", "tag": "tag"}),
    "helmChart": ("version", {"version": "version"}),
}
_FREE: Final = frozenset({"manual", "directory", "inline"})


class LockedContent(NamedTuple):
    """What one content was taken from.

    Attributes:
        path: of the content in its directory.
        kind: of its source.
        facts: what the lock says of it.
        digest: of the configuration, for lazy contents.
    """

    path: str
    kind: str
    facts: Mapping[str, Any]
    digest: str = ""


class LockedDirectory(NamedTuple):
    """A directory of the lock."""

    path: str
    contents: tuple[LockedContent, ...]


class Lock(NamedTuple):
    """A whole lock, in the order of the configuration."""

    directories: tuple[LockedDirectory, ...] = ()

    def find(self, directory: str, content: str) -> LockedContent | None:
        """Return the entry of a content; None when there is none."""
        for held in self.directories:
            if held.path == directory:
                for entry in held.contents:
                    if entry.path == content:
                        return entry
        return None

    def merged(self, newer: Lock) -> Lock:
        """Return the lock with the entries of another: in place of their own, or appended."""
        held = {d.path: list(d.contents) for d in self.directories}
        at = {
            join(d.path, c.path): (d.path, position)
            for d in self.directories
            for position, c in enumerate(d.contents)
        }
        for directory in newer.directories:
            for content in directory.contents:
                place = at.get(join(directory.path, content.path))
                if place:
                    own = held[place[0]][place[1]]
                    held[place[0]][place[1]] = content._replace(path=own.path)
                else:
                    held.setdefault(directory.path, []).append(content)
        return Lock(tuple(LockedDirectory(path, tuple(inner)) for path, inner in held.items()))

    def render(self) -> bytes:
        """Return the lock file's bytes."""
        directories = [
            {"path": d.path, "contents": [_entry(c) for c in d.contents] or None}
            for d in self.directories
        ]
        value = {
            "apiVersion": shapes.API_VERSION,
            "kind": "LockConfig",
            "directories": directories or None,
        }
        return emit(value).encode()


def _entry(content: LockedContent) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": content.path, content.kind: dict(content.facts)}
    return entry | ({"configDigest": content.digest} if content.digest else {})


def parse(text: str, name: str) -> Lock:
    """Return the lock that a file holds.

    Raises:
        WrongUsage: it is no lock.
    """
    document = Document(text, name)
    node = root(document)
    if node is None:
        raise WrongUsage("the lock is empty", where=name, fix="sync without --locked makes it")
    held = shapes.LOCK.read(document, node, "the lock")
    if (held["apiVersion"], held["kind"]) != (shapes.API_VERSION, "LockConfig"):
        what = f"this is no lock: apiVersion {held['apiVersion']!r}, kind {held['kind']!r}"
        raise WrongUsage(what, where=name)
    return Lock(
        tuple(
            LockedDirectory(entry["path"], tuple(_content(c) for c in entry.get("contents", [])))
            for entry in held.get("directories", [])
        )
    )


def _content(entry: Mapping[str, Any]) -> LockedContent:
    kind = next((kind for kind in shapes.SOURCES if kind in entry), "")
    return LockedContent(entry["path"], kind, entry.get(kind, {}), entry.get("configDigest", ""))


def pinned(config: Config, lock: Lock, where: str) -> Config:
    """Return the configuration with every content fixed to what the lock says.

    Raises:
        SlipwayError: a content has no entry, one of another kind, or one without a pin.
    """
    return config._replace(
        directories=tuple(
            d._replace(contents=tuple(_pinned(d, c, lock, where) for c in d.contents))
            for d in config.directories
        ),
    )


def _pinned(directory: Directory, content: Content, lock: Lock, where: str) -> Content:
    entry = lock.find(directory.path, content.path)
    fix = "run sync without --locked, and commit the new lock"
    name = directory.full(content)
    if entry is None:
        raise SlipwayError(f"the lock has no entry for {name}", where=where, fix=fix)
    if content.kind in _FREE:
        return content
    if entry.kind != content.kind:
        what = (
            f"the lock has {entry.kind or 'nothing'} for {name}, the configuration {content.kind}"
        )
        raise SlipwayError(what, where=where, fix=fix)
    if content.kind not in _PINS:
        return content
    needed, replaced = _PINS[content.kind]
    if not entry.facts.get(needed):
        raise SlipwayError(f"the lock has no {needed} for {name}", where=where, fix=fix)
    changes = {key: entry.facts.get(fact, "") for key, fact in replaced.items()}
    if content.kind in ("image", "imgpkgBundle"):
        changes["tagSelection"] = None
    if content.kind == "githubRelease":
        changes = {k: v for k, v in changes.items() if k != "tag"}
        content = content._replace(
            entry={
                **content.entry,
                content.kind: {**content.source, "tag": entry.facts.get("tag", "")},
            },
        )
    return content.with_source(**changes)._replace(tag=entry.facts.get("tag", ""))


def digest(content: Content) -> str:
    """Return the digest of a content's configuration: SHA-256, hexadecimal."""
    import hashlib

    return hashlib.sha256(emit(content.entry).encode()).hexdigest()
