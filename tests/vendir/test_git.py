"""Git sources: which commit, which bytes, and what the lock says of it; always real git."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tests.vendir.conftest import DEPTH, Origin, Place, lock_of

APP = (
    "{path: app, git: {url: ../charts, ref: %s},"
    " includePaths: [charts/app/**/*], newRootPath: charts/app}"
)


def _app(place: Place, ref: str) -> None:
    place.configure(f"[{APP % ref}]")


def test_a_chart_of_another_repository(origin: Origin, place: Place) -> None:
    commit = origin.git("rev-parse", "HEAD")
    _app(place, "origin/main")
    assert place.sync() == lock_of(commit) == place.lock
    assert place.files() == {
        "app/.helmignore": "*.bak\n",
        "app/Chart.yaml": "name: app\nversion: 1.0.0\n",
        "app/templates/web.yaml": "kind: Deployment\n",
        "app/values.yaml": "replicas: 1\n",
    }
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]
    assert (place.folder / "vendir.lock.yml").stat().st_mode & 0o777 == 0o600


def test_the_same_again_leaves_the_lock_untouched(origin: Origin, place: Place) -> None:
    _app(place, "main")
    place.sync()
    (place.folder / "vendir.lock.yml").chmod(0o644)
    before = (place.folder / "vendir.lock.yml").stat()
    place.sync()
    after = (place.folder / "vendir.lock.yml").stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)


@pytest.mark.parametrize(
    "ref", ["main", "origin/main", "v1.0.0", "refs/tags/v1.0.0", "v1.0.0^{commit}", "v1.1.0~1"]
)
def test_references_by_name(origin: Origin, place: Place, ref: str) -> None:
    commit = origin.git("rev-parse", "HEAD")
    origin.git("tag", "v1.0.0")
    origin.git("branch", "old")
    if "v1.1.0" in ref:
        origin.commit("feat: more", {"README.md": "more\n"})
        origin.git("tag", "v1.1.0")
    _app(place, f"'{ref}'")
    assert place.sync() == lock_of(commit, tags="v1.0.0")


def test_references_by_id(origin: Origin, place: Place) -> None:
    commit = origin.git("rev-parse", "HEAD")
    origin.commit("feat: more", {"charts/app/values.yaml": "replicas: 2\n"})
    for ref in (commit, commit[:12]):
        _app(place, f"'{ref}'")
        assert place.sync() == lock_of(commit)
        assert place.files()["app/values.yaml"] == "replicas: 1\n"


def test_a_tag_wins_over_a_branch_of_its_name(origin: Origin, place: Place) -> None:
    tagged = origin.git("rev-parse", "HEAD")
    origin.git("tag", "both")
    origin.commit("feat: more", {"README.md": "more\n"})
    origin.git("branch", "both")
    _app(place, "both")
    assert f"sha: {tagged}" in place.sync()


@pytest.mark.parametrize(
    "ref",
    [
        *("HEAD", "refs/heads/main", "origin/HEAD", "nothing", "'@'", "'--upload-pack=x'"),
        *("main~0", "'main^{commit}'", "f" * 40),
    ],
)
def test_what_is_no_reference(origin: Origin, place: Place, ref: str) -> None:
    _app(place, ref)
    said = place.refused()
    assert ref.strip("'") in said or "cannot be fetched" in said
    assert place.left == ["vendir.yml"]


def test_a_commit_that_no_branch_leads_to(origin: Origin, place: Place) -> None:
    lost = origin.commit("feat: lost", {"charts/app/values.yaml": "replicas: 9\n"})
    origin.git("reset", "--quiet", "--hard", "HEAD~1")
    origin.git("tag", "elsewhere")
    _app(place, lost)
    assert f"sha: {lost}" in place.sync()
    assert place.files()["app/values.yaml"] == "replicas: 9\n"


@pytest.mark.parametrize("annotated", [False, True])
def test_the_lock_tells_the_newest_tag(origin: Origin, place: Place, annotated: bool) -> None:
    first = origin.git("rev-parse", "HEAD")
    origin.git("tag", *(["-a", "-m", "one"] if annotated else []), "v1")
    origin.git("tag", "light")
    _app(place, first)
    expected = g.text("describe", "--tags", first, repo=origin.folder)
    assert place.sync() == lock_of(first, tags=expected)
    later = origin.commit("fix: it", {"charts/app/values.yaml": "replicas: 3\n"})
    _app(place, later)
    expected = g.text("describe", "--tags", later, repo=origin.folder)
    assert expected.endswith(f"-1-g{later[:7]}")
    assert place.sync() == lock_of(later, "'fix: it'", tags=expected)


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("one line", "one line"),
        ("one\n\nmore", "one..."),
        ("cut\nin two", "cut..."),
        ("", '""'),
        ("12", '"12"'),
    ],
)
def test_the_lock_tells_the_title(origin: Origin, place: Place, message: str, title: str) -> None:
    commit = origin.commit(message)
    _app(place, "main")
    assert place.sync() == lock_of(commit, title)


def test_the_highest_tag_of_a_range(origin: Origin, place: Place) -> None:
    for tag in ("v1.0.0", "v1.2.0", "v2.0.0-rc.1", "nightly"):
        origin.commit(f"chore: {tag}")
        origin.git("tag", tag)
    place.configure(
        "[{path: app, git: {url: ../charts, refSelection: {semver: {constraints: '>=1.0.0'}}}}]"
    )
    assert "- v1.2.0" in place.sync()
    place.configure(
        "[{path: app, git: {url: ../charts, refSelection: {semver: {prereleases: {}}}}}]"
    )
    assert "- v2.0.0-rc.1" in place.sync()


def test_a_limited_depth(origin: Origin, place: Place) -> None:
    old = origin.git("rev-parse", "HEAD")
    new = origin.commit("feat: more", {"charts/app/values.yaml": "replicas: 2\n"})
    url = origin.folder.as_uri()
    for ref, commit in (("main", new), (old, old)):
        place.configure(f"[{{path: app, git: {{url: '{url}', ref: {ref}, depth: 1}}}}]")
        assert f"sha: {commit}" in place.sync()


def test_bytes_are_those_of_a_checkout_and_not_of_an_archive(origin: Origin, place: Place) -> None:
    origin.commit(
        "feat: attributes",
        {
            ".gitattributes": (
                "*.bat text eol=crlf\n*.id ident\nsecret export-ignore\n*.s export-subst\n"
            ),
            "charts/app/run.bat": "a\nb\n",
            "charts/app/x.id": "$Id$\n",
            "charts/app/y.s": "$Format:%H$\n",
            "secret": "kept\n",
        },
    )
    (origin.folder / "charts/app/run.sh").write_text("#!/bin/sh\n")
    (origin.folder / "charts/app/run.sh").chmod(0o755)
    (origin.folder / "charts/app/link").symlink_to("values.yaml")
    origin.commit("feat: a program")
    place.configure(
        "[{path: app, git: {url: ../charts, ref: main}, excludePaths: [.gitattributes]}]"
    )
    place.sync()
    app = place.folder / "vendor/app"
    assert (app / "charts/app/run.bat").read_bytes() == b"a\r\nb\r\n"
    assert (app / "charts/app/x.id").read_text().startswith("$Id: ")
    assert (app / "charts/app/y.s").read_text() == "$Format:%H$\n"
    assert (app / "secret").read_text() == "kept\n"
    assert (app / "charts/app/run.sh").stat().st_mode & 0o100
    assert (app / "charts/app/link").readlink() == Path("values.yaml")
    assert not (app / ".git").exists()


def test_submodules_come_along_unless_they_are_left_out(
    origin: Origin,
    place: Place,
    new_origin: Callable[[str], Origin],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    library = new_origin("library")
    library.commit("feat: a library", {"lib.yaml": "lib\n"})
    origin.git("submodule", "add", "--quiet", "../library", "charts/lib")
    origin.commit("feat: with it")
    place.configure(
        f"[{{path: app, git: {{url: '{origin.folder}', ref: main}}, includePaths: [charts/**/*]}}]"
    )
    place.sync()
    assert place.files()["app/charts/lib/lib.yaml"] == "lib\n"
    assert not list((place.folder / "vendor").rglob(".git"))
    place.configure(
        f"[{{path: app, git: {{url: '{origin.folder}', ref: main, skipInitSubmodules: true}}}}]"
    )
    place.sync()
    assert not (place.folder / "vendor/app/charts/lib").exists()


def test_verification_is_refused_and_not_skipped(origin: Origin, place: Place) -> None:
    place.configure(
        "[{path: app, git: {url: ../charts, ref: main,"
        " verification: {publicKeysSecretRef: {name: keys}}}}]"
    )
    assert "verification of signatures is not supported" in place.refused()


@pytest.mark.usefixtures("shallow_stack")
@pytest.mark.parametrize("name", ["f", ".gitattributes"])
def test_a_commit_of_many_folders_in_one_another(origin: Origin, place: Place, name: str) -> None:
    blob = origin.git("rev-parse", "HEAD:LICENSE")
    origin.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{'d/' * DEPTH}{name}")
    commit = origin.git("commit-tree", "-m", "deep", origin.git("write-tree"))
    origin.git("branch", "deep", commit)
    place.configure(f"[{{path: a, git: {{url: ../charts, ref: {commit}}}}}]")
    place.sync()
    place.sync()
    assert (place.folder / "vendor/a" / ("d/" * DEPTH) / name).read_text() == "MIT\n"
    assert place.run("verify").code == 0
