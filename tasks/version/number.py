"""Pure: versions as SemVer 2 writes and orders them.

The library for it takes longer to import than the interpreter to start, which is more than
`python -m tasks.version next` may take; so the grammar stands here. The tests hold both together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

_NUMBER = "(0|[1-9][0-9]*)"
_WORD = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_WORD}(?:\.{_WORD})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_LARGEST = 2**64 - 1  # cocogitto keeps the three numbers in 64 bits and overlooks a tag beyond them
_DIGITS = 20  # of the largest


class Version(NamedTuple):
    """A version; `precedence` orders them, since equal precedence is not equality."""

    major: int
    minor: int = 0
    patch: int = 0
    prerelease: str | None = None
    build: str | None = None

    @classmethod
    def read(cls, text: str) -> Version | None:
        """Return the version that a text is; None when it is none, or larger than cocogitto's."""
        found = _VERSION.fullmatch(text)
        if found is None:
            return None
        core = found.group(1, 2, 3)
        if max(map(len, core)) > _DIGITS:
            return None
        major, minor, patch = map(int, core)
        if max(major, minor, patch) > _LARGEST:
            return None
        return cls(major, minor, patch, found[4], found[5])

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that a text is.

        Raises:
            ValueError: it is none.
        """
        version = cls.read(text)
        if version is None:
            raise ValueError(f"{text!r} is not a version")
        return version

    @property
    def final(self) -> Version:
        """The version that this one is a candidate of."""
        return Version(self.major, self.minor, self.patch)

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        text += f"-{self.prerelease}" if self.prerelease is not None else ""
        return text + (f"+{self.build}" if self.build is not None else "")


def not_below_finals(names: Iterable[str], prefix: str) -> list[str]:
    """Return the names of the highest final version, and of all that may be above it.

    Args:
        names: of tags, most of which are versions of long ago and not worth an object each.
        prefix: `tag_prefix`.
    """
    told = [(name, _VERSION.fullmatch(name.removeprefix(prefix))) for name in names]
    cores = [(_core(found), found[4] is None, name) for name, found in told if found]
    highest = max((core for core, final, _ in cores if final), default=(0, 0, 0))
    return [name for core, _, name in cores if core >= highest]


def _core(found: re.Match[str]) -> tuple[int, int, int]:
    """Return the three numbers; too large ones as the smallest, as if there were no such tag."""
    if found.end(3) - found.start(1) > _DIGITS:
        version = Version.read(found[0])
        return version[:3] if version else (-1, 0, 0)
    return int(found[1]), int(found[2]), int(found[3])


def precedence(version: Version) -> tuple[Any, ...]:
    """Return a sort key in the order of SemVer 2, section 11 (rule 3)."""
    core = (version.major, version.minor, version.patch)
    if version.prerelease is None:
        return (*core, 1)
    words = version.prerelease.split(".")
    return (
        *core,
        0,
        tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words),
    )
