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
    of_core: dict[str, list[str]] = {}
    for name in names:
        text = name.removeprefix(prefix)
        of_core.setdefault(text.partition("-")[0].partition("+")[0], []).append(name)
    cores = {text: found for text in of_core if (found := _core(text))}
    finals = [core for text, core in cores.items() if _any_final(text, of_core[text], prefix)]
    highest = max(finals, default=(0, 0, 0))
    return [
        name
        for text, core in cores.items()
        if core >= highest
        for name in of_core[text]
        if _VERSION.fullmatch(name.removeprefix(prefix))
    ]


def _core(text: str) -> tuple[int, int, int] | None:
    version = Version.read(text)
    return version[:3] if version else None


def _any_final(core: str, names: list[str], prefix: str) -> bool:
    """Say whether one of the names is the final version itself, maybe with a build behind it."""
    if prefix + core in names:
        return True
    told = (_VERSION.fullmatch(name.removeprefix(prefix)) for name in names)
    return any(found is not None and found[4] is None for found in told)


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
