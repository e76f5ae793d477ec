"""Pure: commits and tags in, the next version out; rules are numbered as in specs/versioning.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tasks.kernel.errors import SlipwayError

from .commits import Commit, Conventional, parse
from .number import Version, precedence
from .rules import Rules

_CANDIDATE = re.compile(r"rc\.(0|[1-9][0-9]*)")
FIRST = (0, 1, 0)


class NoCountingCommit(SlipwayError):
    """No commit of the range counts at all (rule 10: an error, not "nothing to release")."""


class Tag(NamedTuple):
    """A tag, or a reservation, that is a version."""

    name: str
    version: Version
    commit: str


def version_of(name: str, prefix: str = "") -> Version | None:
    """Read a tag's name as SemVer 2, with or without the prefix (rule 2); None when it is not."""
    return Version.read(name.removeprefix(prefix))


def versions(tags: Mapping[str, str], prefix: str = "") -> list[Tag]:
    """Return the tags that are versions, lowest first.

    Of two names for one version (`v1.2.3` beside `1.2.3`) the one with the prefix is the later: it
    is what this repository writes itself.

    Args:
        tags: name to commit.
        prefix: `tag_prefix`.
    """
    found = [
        Tag(name, version, commit)
        for name, commit in tags.items()
        if (version := version_of(name, prefix)) is not None
    ]
    # Build metadata has no precedence, but the answer must not hang on the order git lists tags in.
    return sorted(
        found,
        key=lambda tag: (
            precedence(tag.version),
            tag.version.build or "",
            tag.name.startswith(prefix),
            tag.name,
        ),
    )


def current_and_prerelease(tags: Iterable[Tag]) -> tuple[Tag | None, Tag | None]:
    """Return the highest final tag, and the highest of all when that is above it (rule 3)."""
    ordered = sorted(tags, key=lambda tag: precedence(tag.version))
    current = next((tag for tag in reversed(ordered) if tag.version.prerelease is None), None)
    highest = ordered[-1] if ordered else None
    return current, highest if highest and highest.version.prerelease is not None else None


def counting(commits: Iterable[Commit], rules: Rules) -> list[Conventional]:
    """Return the commits that count (rules 5 to 7)."""
    kept = []
    for commit in commits:
        if rules.ignore_merge_commits and len(commit.parents) > 1:
            continue
        said = parse(commit.message)
        if said is None or said.type not in rules.types:
            continue
        if said.scope is not None and rules.scopes is not None and said.scope not in rules.scopes:
            continue
        kept.append(said)
    return kept


def next_core(
    current: Version | None,
    prerelease: Version | None,
    commits: Iterable[Commit],
    rules: Rules,
) -> Version | None:
    """Return the next final version (rules 5 to 12).

    Args:
        current: the highest final version in sight; None stands for 0.0.0.
        prerelease: the highest version in sight when it is a prerelease above `current`.
        commits: the range `current..HEAD` (rule 4).
        rules: the repository's settings.

    Returns:
        The version without prerelease or build, or None when the commits ask for no release.

    Raises:
        NoCountingCommit: not one commit of the range counts.
    """
    base = current or Version(0)
    said = counting(commits, rules)
    if not said:
        since = f"since {current}" if current else "in the whole history"
        raise NoCountingCommit(
            f"no commit {since} counts for a version",
            fix="a commit counts when it starts like 'fix: what was wrong', with a known type",
        )
    kinds = [rules.types[one.type] for one in said]
    if base.major != 0 and any(one.breaking for one in said):
        bumped = Version(base.major + 1)
    elif any(kind.bump_minor for kind in kinds):
        bumped = Version(base.major, base.minor + 1)
    elif any(kind.bump_patch for kind in kinds):
        bumped = Version(base.major, base.minor, base.patch + 1)
    else:
        return None
    if prerelease is not None and precedence(bumped) < precedence(prerelease):
        return core_of(prerelease)
    return bumped


def upcoming(
    current: Version | None,
    prerelease: Version | None,
    commits: Iterable[Commit],
    rules: Rules,
) -> Version | None:
    """Return the next candidate's core: 0.1.0 where there is no tag at all, else `next_core`."""
    if current is None and prerelease is None:
        return Version(*FIRST)
    return next_core(current, prerelease, commits, rules)


def core_of(version: Version) -> Version:
    """Return the final version that a candidate is a candidate of."""
    return Version(version.major, version.minor, version.patch)


def candidate_number(version: Version) -> int | None:
    """Return N of `X-rc.N`; None for anything else (finals, betas, build metadata)."""
    found = _CANDIDATE.fullmatch(version.prerelease or "")
    return int(found[1]) if found and version.build is None else None


def next_number(core: Version, seen: Iterable[Version]) -> int:
    """Return the number of the next candidate of `core` after those in sight, from 1."""
    wanted = (core.major, core.minor, core.patch)
    numbers = [
        number
        for version in seen
        if (version.major, version.minor, version.patch) == wanted
        and (number := candidate_number(version)) is not None
    ]
    return max(numbers, default=0) + 1


def is_newer(one: str, other: str) -> bool:
    """Say whether a version comes after another one in the order of SemVer 2, section 11.

    Args:
        one: a version without prefix.
        other: the same.
    """
    return precedence(Version.parse(one)) > precedence(Version.parse(other))
