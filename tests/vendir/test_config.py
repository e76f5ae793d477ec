"""Configurations: what is read as the original reads it, what is refused, and where it says so."""

from __future__ import annotations

import pytest

from tasks.kernel.errors import WrongUsage
from tasks.vendir.engine import config
from tasks.vendir.engine.model import Config, as_values

HEAD = "apiVersion: vendir.k14s.io/v1alpha1\nkind: Config\n"
GIT = "git: {url: u, ref: v1}"


def _parsed(text: str) -> Config:
    return config.parse([("vendir.yml", text)])


def _one(content: str, directory: str = "") -> str:
    return f"{HEAD}directories:\n- path: vendor\n{directory}  contents:\n  - {{{content}}}\n"


@pytest.mark.parametrize(
    "text",
    [
        f"---\n{_one(f'path: a, {GIT}')}",
        _one(f"path: a, {GIT}").replace("\n", "\r\n"),
        f"{_one(f'path: a, {GIT}')}--- # and nothing else\n\n",
        _one(f"path: a, unknown: [x], {GIT}, INCLUDEPATHS: []"),
        '{"apiVersion": "vendir.k14s.io/v1alpha1", "kind": "Config", "directories":'
        ' [{"path": "vendor", "contents": [{"path": "a", "git": {"url": "u", "ref": "v1"}}]}]}',
        f"{HEAD}directories:\n- path: vendor\n  contents:\n  - path: &a a\n    git: &g\n"
        "      url: u\n      ref: v1\n    newRootPath: null\n",
    ],
)
def test_one_meaning_in_many_spellings(text: str) -> None:
    assert as_values(_parsed(text)) == {
        "apiVersion": "vendir.k14s.io/v1alpha1",
        "kind": "Config",
        "minimumRequiredVersion": "",
        "directories": [
            {"path": "vendor", "contents": [{"path": "a", "git": {"url": "u", "ref": "v1"}}]}
        ],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no document of kind Config"),
        ("# nothing\n", "nothing but comments"),
        (f"{HEAD}---\n{HEAD}", "a second Config"),
        ("apiVersion: v1\nkind: Pod\n", "kind 'Pod' is unknown"),
        ("[]\n", "must be a mapping"),
        ("a: [\n", "not YAML"),
        (f"{HEAD}directories: text\n", "directories must be a list"),
        (f"{HEAD}minimumRequiredVersion: 0.41.0\n", "this does what 0.40.0 does"),
        (f"{HEAD}minimumRequiredVersion: v0.8.0\n", "is no version"),
        (_one("path: a"), "this has none"),
        (_one("path: a, manual: null"), "this has none"),
        (_one(f"path: a, manual: {{}}, {GIT}"), "git, manual"),
        (_one("path: a, git: {url: u, ref: 0123456}"), "quote it: ref: '0123456'"),
        (_one("path: a, git: {url: u, ref: 1.10}"), "is read as 1.1"),
        (_one("path: a, helmChart: {name: x, version: 1.10}"), "is read as 1.1"),
        (_one("path: no, manual: {}"), "is read as false"),
        (_one("path: a, git: {url: u, ref: 1e3}"), "is read as 1000"),
        (_one("path: a, http: {url: u, sha256: 0123}"), "is read as 83"),
        (_one("path: a, githubRelease: {slug: o/n, tag: 1.10}"), "is read as 1.1"),
        (_one(f"path: a, {GIT}, newRootPath: off"), "is read as false"),
        (_one(f"path: a, {GIT}, permissions: 755"), "1363 in octal"),
        (_one(f"path: a, {GIT}, permissions: '0755'"), "must be a whole number"),
        (_one("path: a, manual: {}", "  permissions: 01777\n"), "is no mode"),
        (_one(f"path: a, {GIT}, lazy: maybe"), "must be true or false"),
        (_one(f"path: a, {GIT}, includePaths: x"), "must be a list"),
        (_one(f"path: a, {GIT}, includePaths: ['a[']"), "includePaths"),
        (_one(f"path: a, {GIT}, excludePaths: ['../x']"), "leaves the root"),
        (_one(f"path: a, {GIT}, excludePaths: ['**/a[']"), "excludePaths"),
        (_one(f"path: a, {GIT}, ignorePaths: ['{{a']"), "ignorePaths"),
        (_one(f"path: a, {GIT}, legalPaths: ['a/**/[z']"), "legalPaths"),
        (_one(f"path: a, path: b, {GIT}"), "path is given twice"),
        (_one(f"path: a, {GIT}, newRootPath: ../x"), "newRootPath"),
    ],
)
def test_mistakes_are_told(text: str, words: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        _parsed(text)
    assert words in str(refused.value)


def test_a_mistake_is_told_with_its_line() -> None:
    second = _one("path: a, git: {url: u, ref: 1.10}")
    with pytest.raises(WrongUsage) as refused:
        _parsed(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n---\n{second}")
    assert refused.value.where == "vendir.yml:10"


@pytest.mark.parametrize(
    ("paths", "good"),
    [
        (("foo", "foo-bar"), True),
        (("foo", "./foo/"), False),
        (("foo", "foo/bar"), False),
        (("foo/bar", "foo"), False),
        (("a/../foo", "foo"), False),
    ],
)
def test_directories_do_not_overlap(paths: tuple[str, str], good: bool) -> None:
    entries = "".join(f"- path: {path}\n  contents: []\n" for path in paths)
    contents = ", ".join(f"{{path: {path}, manual: {{}}}}" for path in paths)
    for text in (
        f"{HEAD}directories:\n{entries}",
        f"{HEAD}directories:\n- path: v\n  contents: [{contents}]\n",
    ):
        if good:
            _parsed(text)
            continue
        with pytest.raises(WrongUsage, match="overlap"):
            _parsed(text)


def test_a_content_of_the_whole_directory_is_alone() -> None:
    contents = "[{path: ., manual: {}}, {path: a, manual: {}}]"
    text = f"{HEAD}directories:\n- path: v\n  contents: {contents}\n"
    with pytest.raises(WrongUsage, match="must be the only one"):
        _parsed(text)


def test_secrets_may_be_given_twice_when_they_say_the_same() -> None:
    secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: %s}\n"
    same = _parsed(HEAD + secret % "eA==" + secret % "eA==")
    assert same.secrets == {"s": {"a": b"x"}}
    for other in ("eQ==", "'?'"):
        with pytest.raises(WrongUsage):
            _parsed(HEAD + secret % "eA==" + secret % other)


def test_secrets_are_not_shown() -> None:
    secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aHVudGVyMjI=}\n"
    assert "hunter22" not in repr(_parsed(HEAD + secret))


def test_octal_permissions() -> None:
    for written in ("0755", "0o755", "493"):
        [directory] = _parsed(
            _one("path: a, manual: {}", f"  permissions: {written}\n")
        ).directories
        assert directory.permissions == 0o755


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "c: &c [{path: a, manual: {}}"
            + "".join(f", {{path: a{n}, manual: {{}}}}" for n in range(300))
            + "]\ndirectories: ["
            + ", ".join(f"{{path: d{n}, contents: *c}}" for n in range(300))
            + "]\n",
            "add more than 400000 values",
        ),
        (
            "x0: &x0 [a, b]\n"
            + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 20)),
            "add more than 400000 values",
        ),
        ("x: &x [*x]\n", "stands for what it is in"),
        ("x: &x {y: {z: *x}}\n", "stands for what it is in"),
    ],
)
def test_aliases_that_stand_for_too_much(text: str, words: str) -> None:
    with pytest.raises(WrongUsage, match=words):
        _parsed(HEAD + text)


def test_what_is_nested_without_end_is_refused() -> None:
    """A reader in C calls itself for each level, and would end the process."""
    with pytest.raises(WrongUsage, match="lists and maps in one another"):
        _parsed(f"{HEAD}x: {'[' * 100_000}{']' * 100_000}\n")


def test_what_is_written_out_is_not_what_aliases_add() -> None:
    text = f"{HEAD}x: &x [a]\ny: *x\nz: [{', '.join(['v'] * 50_001)}]\ndirectories: []\n"
    assert _parsed(text).directories == ()


def test_many_contents_may_have_one_list_of_patterns() -> None:
    patterns = ", ".join(f"'charts/{n}/**/*'" for n in range(300))
    many = ", ".join(
        f"{{path: d{n}, contents: [{{path: a, includePaths: *p, {GIT}}}]}}" for n in range(170)
    )
    text = f"{HEAD}p: &p [{patterns}]\ndirectories: [{many}]\n"
    assert len(_parsed(text).directories) == 170


def test_aliases_of_which_every_document_may_have_some() -> None:
    many = ", ".join(f"{{path: d{n}, contents: *c}}" for n in range(500))
    text = f"{HEAD}c: &c [{{path: a, {GIT}}}]\ndirectories: [{many}]\n"
    assert len(_parsed(text).directories) == 500
