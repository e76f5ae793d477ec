"""Nothing that is fetched or configured reaches out of the directory it is for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.vendir.conftest import Place


def _folder(place: Place, files: dict[str, str], name: str = "local") -> Path:
    top = place.folder.parent / name
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(content)
    return top


def test_a_file_that_stays_is_never_written_through_a_fetched_link(place: Place) -> None:
    top = _folder(place, {"x": "x\n"})
    outside = place.folder.parent / "outside"
    outside.write_text("theirs\n")
    (top / "own").symlink_to(outside)
    _folder(place, {"vendor/a/own": "mine\n"}, "work")
    place.configure("[{path: a, directory: {path: ../local}, ignorePaths: [own]}]")
    place.sync()
    assert outside.read_text() == "theirs\n"
    assert place.files("vendor/a")["own"] == "mine\n"


@pytest.mark.parametrize(
    ("target", "good"),
    [
        ("x", True),
        ("../b/z", True),
        ("{vendor}/b/z", True),
        ("none", False),
        ("link", False),
        ("../../vendir.yml", False),
        ("/etc", False),
        ("{work}", False),
        ("../../vendor/b", True),
        ("../../work2", False),
    ],
)
def test_links_have_to_end_inside(place: Place, target: str, good: bool) -> None:
    top = _folder(place, {"x": "x\n"})
    vendor = place.folder / "vendor"
    (top / "link").symlink_to(target.format(vendor=vendor, work=place.folder))
    place.configure(
        "[{path: a, directory: {path: ../local}}, {path: b, inline: {paths: {z: '1'}}}]"
    )
    if good:
        place.sync()
        assert (vendor / "a/link").exists()
        place.sync("-d", "vendor/a")
        return
    assert "cannot be followed" in place.refused()
    assert place.left == ["vendir.yml"]
    _folder(place, {"vendor/a/old": "old\n"}, "work")
    assert "cannot be followed" in place.refused()
    assert place.files() == {"a/old": "old\n"}
    assert place.left == ["vendir.yml", "vendor"]
    place.sync("--dangerous-allow-all-symlink-destinations")
    assert (vendor / "a/link").is_symlink()


@pytest.mark.parametrize("link", ["../b/z", "../b", "../b/inner/link"])
def test_a_content_alone_does_not_cut_the_links_of_the_others(place: Place, link: str) -> None:
    """The links of what stays must still resolve when one of its neighbours is another."""
    top = _folder(place, {"z": "z\n"}, "second")
    (top / "inner").mkdir()
    (top / "inner/link").symlink_to("../z")
    (_folder(place, {"x": "x\n"}) / "link").symlink_to(link)
    contents = "[{path: a, directory: {path: ../local}}, {path: b, directory: {path: ../%s}}]"
    place.configure(contents % "second")
    place.sync()
    place.sync("-d", "vendor/b")
    _folder(place, {"other": "o\n"}, "third")
    place.configure(contents % "third")
    if link == "../b":
        place.sync("-d", "vendor/b")
        return
    before = place.files(), place.lock
    said = place.refused("-d", "vendor/b")
    assert f"vendor/a/link → {link}: Unable to resolve symlink" in said
    assert (place.files(), place.lock) == before
    place.sync("-d", "vendor/b", "--dangerous-allow-all-symlink-destinations")


def test_a_link_in_the_place_of_a_directory_is_replaced_and_not_followed(place: Place) -> None:
    theirs = _folder(place, {"keep": "theirs\n"}, "theirs")
    (place.folder / "vendor").symlink_to(theirs)
    place.configure("[{path: a, inline: {paths: {x: '1'}}}]")
    place.sync()
    assert not (place.folder / "vendor").is_symlink()
    assert (theirs / "keep").read_text() == "theirs\n"


@pytest.mark.parametrize(
    "source",
    ["imgpkgBundle: {image: x}", "hg: {url: x}"],
)
def test_sources_that_are_not_known_here_are_refused_before_anything_happens(
    place: Place, source: str
) -> None:
    place.configure(f"[{{path: a, inline: {{paths: {{x: '1'}}}}}}, {{path: b, {source}}}]")
    assert "is not supported" in place.refused()
    assert place.left == ["vendir.yml"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("./", "a"), ("a/..", "a"), ("/", "a"), ("..", "a"), ("../..", "a"), ("../work", "a"),
        ("vendor", ".."), ("vendor", "../x"), ("vendor", "/"), ("''", "a"), (".git", "a"),
    ],
)  # fmt: skip
def test_paths_that_would_take_more_along_than_they_name(
    place: Place, path: str, content: str
) -> None:
    place.configure(f"[{{path: {content}, inline: {{paths: {{x: '1'}}}}}}]", path=path)
    said = place.refused()
    if path in ("../..", "../work"):
        assert "holds the folder that the sync runs in" in said
    assert place.left == ["vendir.yml"]
    assert os.listdir(place.folder.parent) == ["work"]  # noqa: PTH208
