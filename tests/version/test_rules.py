"""What cog.toml says about versions."""

from __future__ import annotations

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.version.rules import DEFAULT_TYPES, CommitType, Rules, parse_rules


def test_an_empty_file_means_the_defaults() -> None:
    rules = parse_rules("", "cog.toml")
    assert rules == Rules()
    assert " ".join(sorted(rules.types)) == (
        "build chore ci docs feat fix perf refactor revert style test"
    )
    assert rules.types["feat"] == CommitType(bump_minor=True)
    assert rules.types["fix"] == CommitType(bump_patch=True)
    bumping = {name for name, kind in rules.types.items() if kind != CommitType()}
    assert bumping == {"feat", "fix"}


def test_settings_are_read_and_those_of_other_matters_overlooked() -> None:
    rules = parse_rules(
        'tag_prefix = "v"\nignore_merge_commits = true\nscopes = ["a", "b"]\n'
        'skip_ci = "[ci skip]"\n[changelog]\npath = "CHANGELOG.md"\n',
        "cog.toml",
    )
    assert rules.tag_prefix == "v"
    assert rules.ignore_merge_commits
    assert rules.scopes == frozenset({"a", "b"})
    assert rules.types == DEFAULT_TYPES


def test_commit_types_are_merged_key_by_key() -> None:
    rules = parse_rules(
        "[commit_types]\nfeat = { bump_patch = true }\nchore = { bump_patch = true }\nstyle = {}\n"
        'deps = { changelog_title = "Dependencies", bump_patch = true }\n'
        "Hotfix = { bump_minor = true }",
        "cog.toml",
    )
    assert rules.types["feat"] == CommitType(bump_minor=True, bump_patch=True)
    assert rules.types["chore"] == CommitType(bump_patch=True)
    assert "style" not in rules.types
    assert rules.types["deps"] == CommitType(bump_patch=True)
    assert rules.types["hotfix"] == CommitType(bump_minor=True)


def test_a_feature_becomes_a_patch_only_when_its_minor_is_taken_away() -> None:
    rules = parse_rules("[commit_types.feat]\nbump_minor = false\nbump_patch = true", "cog.toml")
    assert rules.types["feat"] == CommitType(bump_patch=True)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = \n", 2, "not valid TOML"),
        ("a = 1\n\n[commit_types\nfeat = {}", 3, "not valid TOML"),
        ('a = """never closed\n\n', 1, "not valid TOML"),
        ("a = 1\na = 2", 2, "not valid TOML"),
        ("\n\ntag_prefix = 1", 3, "tag_prefix must be a text"),
        (
            '# tag_prefix\nignore_merge_commits = "yes"',
            2,
            "ignore_merge_commits must be true or false",
        ),
        ('scopes = "a"', 1, "scopes must be a list of texts"),
        ("\nscopes = [1]", 2, "scopes must be a list of texts"),
        ("commit_types = []", 1, "commit_types must be a table"),
        ("[commit_types]\n\nfeat = true", 3, "feat must be a table"),
        ("[commit_types]\nfix = { bump_minor = 1 }", 2, "bump_minor must be true or false"),
        ("[commit_types.fix]\nbump_patch = []", 2, "bump_patch must be true or false"),
    ],
)
def test_a_broken_file_is_reported_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        parse_rules(text, "cog.toml")
    assert caught.value.where == f"cog.toml:{line}"
    assert words in caught.value.what
