"""Yanked releases: published, and withdrawn by a person. A ref says so; nothing is ever deleted.

The ref `refs/slipway/yanked/TAG` of the source stands on a commit without files that says who and
why. It is the truth that all stages go by; what a release's page says of it follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..kernel import git as g
from ..kernel.world import World
from .port import Release

YANKED = "refs/slipway/yanked/"
AFTERWARDS = "a fix is the next release: push it, then doit release"
_TITLE = "(yanked)"
_FIELD = re.compile(r"^(By|Why): (.*)$", re.MULTILINE)
_VERSION = re.compile(r"(?<![0-9.])[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?$")


@dataclass(frozen=True, slots=True)
class Yank:
    """One yanked release.

    Attributes:
        tag: the release's.
        version: without prefix.
        by: who withdrew it; "?" when the ref does not say.
        why: the reason, in one line.
        at: when, in seconds since 1970; 0 when the ref does not say.
        commit: what the ref stands on.
    """

    tag: str
    version: str
    by: str
    why: str
    at: int
    commit: str

    @property
    def spoken(self) -> str:
        """Words for a line about the release: `yanked by Grace: loses data`."""
        return f"yanked by {self.by}: {self.why}"

    @property
    def date(self) -> str:
        """The day, as people write it; "" when it is not known."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d") if self.at else ""

    @property
    def mark(self) -> str:
        """The line by which we know our own words on a page."""
        return f"<!-- Slipway-Yanked: {self.tag} -->"

    def is_on(self, release: Release) -> bool:
        """Say whether a release's page tells of it."""
        return self.mark in release.notes and release.name.endswith(_TITLE)

    def words_for(self, release: Release) -> tuple[str, str]:
        """Return the name and the text of a release's page that tells of it, above what it says."""
        name = release.name or self.version
        name = name if name.endswith(_TITLE) else f"{name} {_TITLE}"
        if self.mark in release.notes:
            return name, release.notes
        when = f" on {self.date}" if self.date else ""
        why = self.why.replace("<", "&lt;")
        return name, (
            f"{self.mark}\n> **Yanked** by {self.by}{when}: {why}\n>\n"
            f"> Do not use it. Its tag and files stay for those who have it.\n\n{release.notes}"
        )


def yank_ref(tag: str) -> str:
    """Return the ref that says that a release is yanked."""
    return f"{YANKED}{tag}"


def version_of(tag: str) -> str:
    """Return the version that a release's tag names, without its prefix.

    It is the name alone that counts: the commit that a ref is set to by hand may say anything.
    """
    found = _VERSION.search(tag)
    return found[0] if found else tag


def yank_message(version: str, by: str, why: str) -> str:
    """Return the message of the commit that the ref stands on."""
    return f"yank {version}\n\nVersion: {version}\nBy: {by}\nWhy: {why}\n"


def yanked_in(refs: Mapping[str, str]) -> dict[str, str]:
    """Return the yanked releases among a remote's refs: tag → what the ref stands on."""
    return {
        ref.removeprefix(YANKED): at for ref, at in sorted(refs.items()) if ref.startswith(YANKED)
    }


def yank_of(world: World, tag: str) -> Yank | None:
    """Return how a release was yanked, as the `source` observer saw it; None when it was not."""
    return yank_among(world.mirror("source"), world.sightings("source"), tag)


def yank_among(mirror: Path, refs: Mapping[str, str], tag: str) -> Yank | None:
    """Return how a release was yanked, by the refs and the objects of the source."""
    commit = refs.get(yank_ref(tag))
    return _read(mirror, tag, commit) if commit else None


def yanks(world: World) -> list[Yank]:
    """Return all yanked releases, as the `source` observer saw them."""
    mirror, found = world.mirror("source"), yanked_in(world.sightings("source"))
    return [_read(mirror, tag, at) for tag, at in found.items()]


def is_yanked(world: World, version: str, commit: str) -> bool:
    """Say whether the release of a version from a commit was yanked; it reads one local file."""
    refs = world.sightings("source")
    named = re.compile(rf"(?:.*[^0-9.])?{re.escape(version)}")
    return any(
        named.fullmatch(tag) is not None and refs.get(f"refs/tags/{tag}") == commit
        for tag in yanked_in(refs)
    )


def _read(mirror: Path, tag: str, commit: str) -> Yank:
    """Read what the ref stands on; whatever somebody has put there, the release is yanked."""
    log = ("log", "-1", "--no-show-signature", "--format=%ct%x00%B", commit, "--")
    told = g.git(*log, repo=mirror, ok=(0, 128)).decode(errors="replace")
    at, _, message = told.partition("\0")
    said = {name: " ".join(value.split()) for name, value in _FIELD.findall(message)}
    when = int(at) if at.isdigit() and "Why" in said else 0
    why = said.get("Why") or "no reason is given"
    return Yank(tag, version_of(tag), said.get("By") or "?", why, when, commit)
