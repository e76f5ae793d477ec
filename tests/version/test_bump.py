"""The bump, rule by rule (specs/versioning.md, 2 to 12)."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import semver

from tasks.kernel.errors import SlipwayError
from tasks.version.bump import (
    NoCountingCommit,
    candidate_number,
    current_and_prerelease,
    next_core,
    next_number,
    upcoming,
    version_of,
    versions,
)
from tasks.version.commits import Commit
from tasks.version.number import Version, precedence
from tasks.version.rules import Rules, parse_rules


def said(*messages: str) -> list[Commit]:
    return [Commit(str(number), ("p",), message) for number, message in enumerate(messages)]


def bumped(
    current: str | None, *messages: str, prerelease: str | None = None, rules: Rules | None = None
) -> str | None:
    version = next_core(
        Version.parse(current) if current else None,
        Version.parse(prerelease) if prerelease else None,
        said(*messages),
        rules or Rules(),
    )
    return None if version is None else str(version)


@pytest.mark.parametrize(
    ("name", "prefix", "version"),
    [
        ("1.2.3", "", "1.2.3"),
        ("v1.2.3", "", None),
        ("v1.2.3", "v", "1.2.3"),
        ("1.2.3", "v", "1.2.3"),
        ("release/1.2.3-rc.1", "release/", "1.2.3-rc.1"),
        ("1.2.3-rc.1+build.5", "", "1.2.3-rc.1+build.5"),
        ("1.5", "", None),
        ("nightly", "", None),
        ("1.2.3.4", "", None),
        ("01.2.3", "", None),
        ("1.2.3-rc.01", "", None),
        ("1.2.3\n", "", None),
        ("1.1٢.3", "", None),
        ("18446744073709551615.0.0", "", "18446744073709551615.0.0"),
        ("18446744073709551616.0.0", "", None),
        (f"1.{'9' * 5000}.0", "", None),
        ("", "", None),
        ("-x", "", None),
    ],
)
def test_rule_2_a_tag_counts_when_it_is_semver_behind_its_prefix(
    name: str, prefix: str, version: str | None
) -> None:
    found = version_of(name, prefix)
    assert (str(found) if found else None) == version


def test_rule_3_order_is_semver_precedence() -> None:
    names = [
        *("0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta"),
        *("1.0.0-beta.2", "1.0.0-rc.9", "1.0.0-rc.10", "1.0.0", "1.0.1-0", "1.0.1-rc", "1.10.0"),
    ]
    tags = dict.fromkeys(reversed(names), "c")
    assert [tag.name for tag in versions(tags)] == names
    # The library is the judge of our own grammar and order.
    for one, other in itertools.product(names, repeat=2):
        ours = precedence(Version.parse(one)) < precedence(Version.parse(other))
        assert ours == (semver.Version.parse(one) < semver.Version.parse(other))


@pytest.mark.parametrize(
    ("names", "current", "prerelease"),
    [
        ("", None, None),
        ("0.1.0-rc.1", None, "0.1.0-rc.1"),
        ("1.0.0 0.9.0", "1.0.0", None),
        ("1.0.0 1.1.0-rc.9 1.1.0-rc.10", "1.0.0", "1.1.0-rc.10"),
        ("1.1.0 1.1.0-rc.3", "1.1.0", None),
        ("1.1.0 1.2.0-beta.1", "1.1.0", "1.2.0-beta.1"),
    ],
)
def test_rule_3_current_and_prerelease(
    names: str, current: str | None, prerelease: str | None
) -> None:
    found = current_and_prerelease(versions(dict.fromkeys(names.split(), "c")))
    assert [tag.name if tag else None for tag in found] == [current, prerelease]


def test_of_two_names_for_one_version_our_own_wins_whatever_the_order() -> None:
    for prefix in ("v", "#"):  # one sorts behind a digit, the other before it
        for names in ((f"{prefix}1.0.0", "1.0.0"), ("1.0.0", f"{prefix}1.0.0")):
            current, _ = current_and_prerelease(versions(dict.fromkeys(names, "c"), prefix))
            assert current is not None
            assert current.name == f"{prefix}1.0.0"


def test_rule_5_merge_commits_are_dropped_only_on_request() -> None:
    merge = Commit("m", ("a", "b"), "feat: a merge with a title of its own")
    fix = Commit("f", ("a",), "fix: x")
    current = Version(1)
    assert str(next_core(current, None, [merge, fix], Rules())) == "1.1.0"
    assert str(next_core(current, None, [merge, fix], Rules(ignore_merge_commits=True))) == "1.0.1"


def test_rule_7_unknown_types_and_unlisted_scopes_are_dropped() -> None:
    assert bumped("1.0.0", "deps: x", "doc!: x", "fix: x") == "1.0.1"
    scoped = Rules(scopes=frozenset({"ledger"}))
    assert bumped("1.0.0", "feat(loans): x", "fix(ledger): x", rules=scoped) == "1.0.1"
    assert bumped("1.0.0", "feat: without a scope", rules=scoped) == "1.1.0"
    removed = parse_rules("[commit_types]\nfeat = {}", "cog.toml")
    assert bumped("1.0.0", "feat!: x", "fix: x", rules=removed) == "1.0.1"


def test_rule_8_types_bump_as_configured() -> None:
    patch = parse_rules("[commit_types]\nfeat = { bump_patch = true }", "cog.toml")
    assert bumped("1.0.0", "feat: x", rules=patch) == "1.1.0"
    taken = parse_rules(
        "[commit_types]\nfeat = { bump_minor = false, bump_patch = true }", "cog.toml"
    )
    assert bumped("1.0.0", "feat: x", rules=taken) == "1.0.1"
    chore = parse_rules("[commit_types]\nchore = { bump_patch = true }", "cog.toml")
    assert bumped("1.0.0", "chore: x", rules=chore) == "1.0.1"


@pytest.mark.parametrize(
    ("current", "messages", "version"),
    [
        ("1.2.3", ["fix: x"], "1.2.4"),
        ("1.2.3", ["fix: x", "feat: x"], "1.3.0"),
        ("1.2.3", ["FEAT: x"], "1.3.0"),
        ("1.2.3", ["fix!: x", "feat: x"], "2.0.0"),
        ("1.2.3", ["docs!: x"], "2.0.0"),
        ("1.2.3", ["chore: x\n\nBREAKING CHANGE: y"], "2.0.0"),
        ("1.2.3", ["docs: x", "chore: x"], None),
        ("1.2.3", ["Merge branch 'a'", "perf: x"], None),
        ("1.2.3+build.7", ["fix: x"], "1.2.4"),
        # Rule 11: at 0.x breaking adds nothing.
        ("0.2.3", ["feat!: x"], "0.3.0"),
        ("0.2.3", ["fix!: x"], "0.2.4"),
        ("0.2.3", ["refactor!: x"], None),
        (None, ["feat: x"], "0.1.0"),
        (None, ["fix: x"], "0.0.1"),
    ],
)
def test_rule_10_and_11_the_first_match_wins(
    current: str | None, messages: list[str], version: str | None
) -> None:
    assert bumped(current, *messages) == version


@pytest.mark.parametrize("messages", [[], ["Merge branch 'a'"], ["deps: x", "no type"]])
def test_rule_10_no_counting_commit_at_all_is_an_error(messages: list[str]) -> None:
    with pytest.raises(NoCountingCommit, match=r"no commit since 1\.0\.0 counts") as caught:
        bumped("1.0.0", *messages)
    assert isinstance(caught.value, SlipwayError)


@pytest.mark.parametrize(
    ("current", "prerelease", "message", "version"),
    [
        ("1.0.0", "1.1.0-rc.3", "fix: x", "1.1.0"),
        ("1.0.0", "1.1.0-rc.3", "feat: x", "1.1.0"),
        ("1.0.0", "1.1.0-rc.3", "feat!: x", "2.0.0"),
        ("1.0.0", "3.0.0-beta.1", "feat!: x", "3.0.0"),
        ("1.0.0", "1.1.0-rc.3", "docs: x", None),
        (None, "0.1.0-rc.1", "fix: x", "0.1.0"),
    ],
)
def test_rule_12_a_prerelease_is_the_floor(
    current: str | None, prerelease: str, message: str, version: str | None
) -> None:
    assert bumped(current, message, prerelease=prerelease) == version


def test_without_any_tag_the_first_core_is_0_1_0() -> None:
    assert str(upcoming(None, None, [], Rules())) == "0.1.0"
    assert str(upcoming(Version(1), None, said("fix: x"), Rules())) == "1.0.1"


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("1.0.0-rc.1", 1),
        ("1.0.0-rc.10", 10),
        ("1.0.0-rc.0", 0),
        ("1.0.0-rc", None),
        ("1.0.0-rc1", None),
        ("1.0.0-rc.1.2", None),
        ("1.0.0-beta.1", None),
        ("1.0.0-rc.1+build", None),
        ("1.0.0", None),
    ],
)
def test_only_rc_dot_n_is_a_candidate(version: str, number: int | None) -> None:
    assert candidate_number(Version.parse(version)) == number


@pytest.mark.parametrize(
    ("seen", "number"),
    [
        ("", 1),
        ("1.2.0-rc.1 1.2.0-rc.10 1.2.0-rc.9", 11),
        ("1.1.0-rc.4", 1),
        ("1.2.0-beta.7", 1),
        ("1.2.0-rc.3 1.2.0-zeta.1", 4),
    ],
)
def test_a_candidate_follows_those_of_its_own_core(seen: str, number: int) -> None:
    assert next_number(Version(1, 2), map(Version.parse, seen.split())) == number


def test_importing_the_room_does_not_import_semver() -> None:
    program = (
        "import sys, tasks.version\n"
        "heavy = {'semver', 'sh', 'jinja2', 'requests'} & set(sys.modules)\n"
        "print(*heavy)"
    )
    tree = Path(__file__).parents[2]
    printed = subprocess.check_output([sys.executable, "-c", program], cwd=tree, text=True)
    assert printed.split() == []
