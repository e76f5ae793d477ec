"""The newest version of a list that a constraint lets through.

The language is the one of Go's `blang/semver` ranges, which the original uses: a blank is "and",
`||` is "or", the operators are `= == ! != < <= > >=`, and `x` stands for any last component.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tasks.kernel.errors import SlipwayError, WrongUsage

if TYPE_CHECKING:
    from semver import Version

Test = Callable[["Version"], bool]

_TESTS: Final[dict[str, Callable[[int], bool]]] = {
    "": lambda order: order == 0,
    "=": lambda order: order == 0,
    "==": lambda order: order == 0,
    "!": lambda order: order != 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_WILDCARD = re.compile(r"(0|[1-9][0-9]*)\.(?:(0|[1-9][0-9]*)\.x|x(?:\.x)?)")


def highest(names: Sequence[str], constraints: str, prereleases: Sequence[str] | None) -> str:
    """Return the name of the highest version; the last of equals.

    Args:
        names: tags, with or without a leading `v`; what is no version is passed over.
        constraints: a range; none when empty.
        prereleases: None leaves pre-releases out, an empty list takes all, else those with one of
            these identifiers.

    Raises:
        WrongUsage: the range is malformed.
        SlipwayError: no version fits.
    """
    fits = _range(constraints) if constraints else None
    known = [(version, name) for name in names if (version := _version(name))]
    stable = [pair for pair in known if _allowed(pair[0], prereleases)]
    kept = [pair for pair in stable if fits is None or fits(pair[0])]
    if not kept:
        raise SlipwayError(
            f"no version fits {constraints!r}",
            detail=[
                f"{len(known)} versions, {len(stable)} after pre-releases, none after constraints"
            ],
            fix="loosen the constraints, or allow prereleases: {}",
        )
    best = kept[0]
    for pair in kept[1:]:
        if _order(pair[0], best[0]) >= 0:
            best = pair
    return best[1]


def _version(name: str) -> Version | None:
    from semver import Version

    try:
        return Version.parse(name.removeprefix("v"))
    except ValueError:
        return None


def _allowed(version: Version, prereleases: Sequence[str] | None) -> bool:
    if not version.prerelease:
        return True
    if prereleases is None:
        return False
    return not prereleases or any(part in prereleases for part in version.prerelease.split("."))


def _order(first: Version, second: Version) -> int:
    """Compare two versions; unlike the standard, the original orders equals by their build."""
    order = first.compare(second)
    if order or first.build == second.build:
        return order
    if not first.build or not second.build:
        return 1 if first.build else -1
    # Identifiers of a build are compared as those of a pre-release are.
    return first.replace(prerelease=first.build).compare(second.replace(prerelease=second.build))


def _range(text: str) -> Test:
    """Return the test of a whole range: one of its "or" parts, every "and" part of it."""
    groups: list[list[Test]] = [[]]
    for word in _words(text):
        if word == "||":
            groups.append([])
        else:
            groups[-1].extend(_part(word, text))
    if not all(groups):
        raise _wrong(text, "something is missing beside ||" if len(groups) > 1 else "it is empty")
    return lambda version: any(all(test(version) for test in group) for group in groups)


def _words(text: str) -> list[str]:
    """Split at blanks, but not behind an operator; a word of one sign is none, as originally."""
    joined = re.sub(r"([<>=!])\s+", r"\1", text)
    return [word for word in joined.split() if len(word) > 1]


def _part(word: str, text: str) -> list[Test]:
    found = re.fullmatch(r"([^0-9]*)([0-9].*)", word, re.DOTALL)
    if not found or found[1] not in _TESTS:
        raise _wrong(text, f"{word!r} is no comparison")
    operator, wanted = found.groups()
    wildcard = _WILDCARD.fullmatch(wanted)
    if wildcard:
        # The original reads 1.x.x as 1.0.x.
        minor = "0" if wanted.endswith(".x.x") else wildcard[2]
        return _wild(operator, int(wildcard[1]), minor)
    from semver import Version

    try:
        version = Version.parse(wanted)
    except ValueError:
        raise _wrong(text, f"{wanted!r} has not the form MAJOR.MINOR.PATCH") from None
    return [_against(operator, version)]


def _wild(operator: str, major: int, minor: str | None) -> list[Test]:
    """Return the tests of `1.x` (minor is None) or `1.2.x`."""
    from semver import Version

    first = Version(major, int(minor or 0))
    beyond = Version(major + 1) if minor is None else Version(major, int(minor) + 1)
    if operator == ">":
        return [_against(">=", beyond)]
    if operator == ">=":
        return [_against(">=", first)]
    if operator == "<":
        return [_against("<", first)]
    if operator == "<=":
        return [_against("<", beyond)]
    if operator in ("!", "!="):  # both at once, which nothing passes: the original's own meaning
        return [_against("<", first), _against(">=", beyond)]
    return [_against(">=", first), _against("<", beyond)]


def _against(operator: str, wanted: Version) -> Test:
    test = _TESTS[operator]
    return lambda version: test(_order(version, wanted))


def _wrong(text: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"the version constraint {text!r} cannot be read: {why}",
        fix="for example: '>=1.2.0 <2.0.0 || 3.x' (blank is and, || is or; no ^ ~ * or comma)",
    )
