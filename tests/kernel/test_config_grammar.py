"""The words of the file, against git's own opinion where git has one."""

from __future__ import annotations

import subprocess

import pytest

from tasks.kernel.config import grammar as g

BRANCHES = [
    *("main", "feature/x", "a.b", "a-b", "1.0", "é", "a/b/c", "x@y", "a{b", "@a", "a@", "HEADS"),
    *("", "-x", "--upload-pack=x", "a..b", ".a", "a/.b", "a.lock", "a.lock/b", "a b", "a~1", "a^"),
    *("a:b", "a?", "a*", "a[b", "a\\b", "/a", "a/", "a//b", "a.", "a/b.", "@", "a@{1}", "HEAD"),
    *("a\tb", "a\x7fb", "a\nb"),
]


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_is_one_when_git_takes_it(branch: str) -> None:
    checked = subprocess.run(["git", "check-ref-format", f"refs/heads/{branch}"], check=False)
    named = subprocess.run(
        ["git", "check-ref-format", "--branch", branch], capture_output=True, check=False
    )
    # `--branch @{-1}` and its like mean another branch; there the bare form decides.
    git_takes = checked.returncode == 0 and named.returncode == 0 and branch != "@"
    assert (g.BRANCH.complaint(branch) == "") is git_takes


def test_a_full_ref_is_no_branch() -> None:
    assert g.BRANCH.complaint("refs/heads/main")


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.org/a.git", "https://example.org:8443/a", "ssh://git@example.org/a.git"),
        *("git@github.com:owner/name.git", "host:path", "file:///srv/a.git", "/srv/a.git"),
        *("../a.git", ".sandbox/remotes/a.git", "git://example.org/a", "https://org@example.org/a"),
        "http://127.0.0.1:3000/a.git",
    ],
)
def test_git_urls(url: str) -> None:
    assert g.GIT_URL.complaint(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        *("", "-x", "--upload-pack=touch /tmp/x", "ext::sh -c id", "fd::17", "::x", "~/a.git"),
        *("ssh://-oProxyCommand=id/a", "ssh://git@-oProxyCommand=id/a", "ssh://-l@host/a"),
        *("git@-oProxyCommand=id:a", "-oProxyCommand=id:a", "https:///a", "https://", "ftp://h/a"),
        *("https://h/a?token=x", "https://h/a b", "a\nb", "a\0b", "me:pw@host:a"),
    ],
)
def test_what_is_no_git_url_or_would_run_something(url: str) -> None:
    assert g.GIT_URL.complaint(url)


@pytest.mark.parametrize(
    "path", ["a", "a/b", ".", ".env", "a..b", "a b", "é/ü", "...", "a-", ".gitignore"]
)
def test_paths(path: str) -> None:
    assert g.PATH.complaint(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/a", "..", "a/..", "../a", "a/../b", "./a", "a/", "a//b", "-a", "~", "~a"),
        *(":a", ":(glob)a", "a\\b", "a\nb", "a\0", "a*", "a?", "[a]", ".git", "a/.git/hooks"),
    ],
)
def test_what_is_no_path(path: str) -> None:
    assert g.PATH.complaint(path)


@pytest.mark.parametrize("pattern", ["CHANGELOG.md", "docs-site/**", "*.md", "a/[bc]"])
def test_patterns(pattern: str) -> None:
    assert g.PATTERN.complaint(pattern) == ""


@pytest.mark.parametrize("pattern", ["/**", "../**", "-*", "a//*", ":!a", ""])
def test_what_is_no_pattern(pattern: str) -> None:
    assert g.PATTERN.complaint(pattern)


PIN = "@sha256:" + "0a" * 32


@pytest.mark.parametrize(
    "name",
    [
        *(
            "python",
            "team/python",
            "x.org/python",
            "x.org:5000/a/b",
            "localhost/a",
            "127.0.0.1:5/a",
        ),
        *("python:3.12", "x.org/team/python:3.12-slim", "gcr.io/distroless/python3_debian12"),
    ],
)
def test_base_images(name: str) -> None:
    assert g.BASE_IMAGE.complaint(name + PIN) == ""
    assert "not pinned by its digest" in g.BASE_IMAGE.complaint(name)
    assert "a digest that is none" in g.BASE_IMAGE.complaint(f"{name}@sha256:abc")


@pytest.mark.parametrize(
    "name",
    [
        *("", "A", "x.org/", "https://x.org/a", "-x", "--all", "x.org/../a", "a b", "a@b", "/a"),
        *("x.org/a:", "x.org/a:b/c:d", "user@x.org/a"),
    ],
)
def test_what_is_no_base_image(name: str) -> None:
    assert g.BASE_IMAGE.complaint(name + PIN)


@pytest.mark.parametrize("name", ["a", "a/b/c", "a.b", "a_b", "a__b", "a-b", "a---b", "0"])
def test_image_repositories(name: str) -> None:
    assert g.REPOSITORY.complaint(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", "A", "a/", "/a", "a//b", "a..b", "a___b", "a._b", "-a", "a-", "a:b", "a@b", "a" * 256],
)
def test_what_is_no_image_repository(name: str) -> None:
    assert g.REPOSITORY.complaint(name)


@pytest.mark.parametrize("prefix", ["", "v", "shop-", "shop/", "release/v"])
def test_tag_prefixes(prefix: str) -> None:
    assert g.TAG_PREFIX.complaint(prefix) == ""


@pytest.mark.parametrize("prefix", ["-v", ".", "a b", "v..", "/", "v1", "a~", "refs/"])
def test_what_cannot_begin_a_tag(prefix: str) -> None:
    assert g.TAG_PREFIX.complaint(prefix)


@pytest.mark.parametrize("url", ["https://gcr.io", "https://h:5000/galoy", "http://[::1]:5000"])
def test_web_urls(url: str) -> None:
    assert g.WEB_URL.complaint(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        *("", "gcr.io", "ftp://h", "https://", "https://h/", "https://me@h", "https://h?x=1"),
        *("https://h#x", "https://h:port", "https://[::1", "https://h /", "https://h\n"),
    ],
)
def test_what_is_no_web_url(url: str) -> None:
    assert g.WEB_URL.complaint(url)


@pytest.mark.parametrize("name", ["a/b", "GaloyMoney/lana-bank", "a/.github"])
def test_repositories_of_github(name: str) -> None:
    assert g.GITHUB.complaint(name) == ""


@pytest.mark.parametrize("name", ["a", "a/b/c", "-a/b", "a/..", "a/-b", "a/", "/b", "a/b?"])
def test_what_is_no_repository_of_github(name: str) -> None:
    assert g.GITHUB.complaint(name)


def test_a_title_may_hold_the_version_and_no_other_placeholder() -> None:
    assert g.TITLE.complaint("ci(release): promote {version}") == ""
    for title in ("", " ", "a\nb", "{number}", "{version", "}{", "{}", "x" * 201):
        assert g.TITLE.complaint(title), title
