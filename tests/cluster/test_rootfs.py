"""Layers become folders as a container would see them, and nothing is written outside."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks.cluster import rootfs
from tasks.cluster.images import split
from tasks.kernel.errors import SlipwayError, WrongUsage

Entry = tuple[str, str]  # name, and what it is: text, or `dir`, `->TARGET`, `=TARGET`, `pipe`


def apply(root: Path, *entries: Entry) -> None:
    root.mkdir(exist_ok=True)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, what in entries:
            tar.addfile(*_member(name, what))
    stream.seek(0)
    with tarfile.open(fileobj=stream) as tar:
        rootfs.apply(root, tar, "a layer")


def _member(name: str, what: str) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    member = tarfile.TarInfo(name)
    member.mode = 0o755
    if what == "dir":
        member.type = tarfile.DIRTYPE
    elif what == "pipe":
        member.type = tarfile.FIFOTYPE
    elif what.startswith("->"):
        member.type, member.linkname = tarfile.SYMTYPE, what[2:]
    elif what.startswith("="):
        member.type, member.linkname = tarfile.LNKTYPE, what[1:]
    else:
        member.size, member.mode = len(what), 0o4644
        return member, io.BytesIO(what.encode())
    return member, None


def tree(root: Path) -> dict[str, str]:
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"->{path.readlink()}"
        elif path.is_file():
            found[name] = path.read_text()
    return found


def test_upper_layers_hide_lower_ones(tmp_path: Path) -> None:
    root = tmp_path / "root"
    apply(root, ("a/x", "1"), ("a/y", "2"), ("b/z", "3"), ("c/one", "4"), ("d", "5"))
    apply(
        root,
        ("a/.wh.x", ""),
        ("b/new", "6"),
        ("b/.wh..wh..opq", ""),
        ("c", "now a file"),
        ("d", "dir"),
        ("d/inner", "7"),
    )
    assert tree(root) == {"a/y": "2", "b/new": "6", "c": "now a file", "d/inner": "7"}


def test_a_layer_does_not_hide_what_it_brings_itself(tmp_path: Path) -> None:
    root = tmp_path / "root"
    apply(root, ("a", "old"))
    apply(root, ("a", "new"), (".wh.a", ""))
    assert tree(root) == {"a": "new"}


ESCAPES: list[Sequence[Entry]] = [
    [("../outside", "x")],
    [("/../../outside", "x")],
    [("link", "->../.."), ("link/outside", "x")],
    [("link", "->/"), ("link/../../outside", "x")],
    [("a/b/link", "->../../../../.."), ("a/b/link/outside", "x")],
    [("link", "->/tmp"), ("link", "x")],
    [("deep/down/here/l", "->../../../outside"), ("up", "=deep/down/here/l"), ("up", "x")],
    [(".wh...", "")],
    [("link", "->.."), ("link/.wh.outside", "")],
    [("link", "->.."), ("link/.wh..wh..opq", "")],
]


@pytest.mark.parametrize("entries", ESCAPES)
def test_nothing_outside_is_touched(tmp_path: Path, entries: Sequence[Entry]) -> None:
    folder = tmp_path / "outer"
    folder.mkdir()
    (folder / "outside").write_text("precious")

    for entry in entries:
        apply(folder / "root", entry)

    assert (folder / "outside").read_text() == "precious"
    assert {path.name for path in folder.iterdir()} == {"outside", "root"}
    assert {path.name for path in tmp_path.iterdir()} == {"outer"}
    for path in (folder / "root").rglob("*"):
        assert path.resolve().is_relative_to(folder / "root")


def test_links_mean_the_same_without_chroot(tmp_path: Path) -> None:
    root = tmp_path / "root"
    apply(
        root,
        ("usr/lib/app/main", "hello"),
        ("opt", "->/usr/lib"),
        ("bin/run", "->/opt/app/main"),
        ("bin/again", "->run"),
        ("bin/far", "->../../../../usr/lib/app/main"),
        ("copy", "=bin/run"),
        ("hard", "=usr/lib/app/main"),
        ("opt/app/more", "through the link"),
    )
    for name in ("bin/run", "bin/again", "bin/far", "copy", "hard"):
        assert (root / name).read_text() == "hello", name
    assert (root / "usr/lib/app/more").read_text() == "through the link"
    assert rootfs.inside(root, "/opt/app/main") == root / "usr/lib/app/main"


def test_special_bits_and_devices_are_left_out(tmp_path: Path) -> None:
    apply(tmp_path / "root", ("file", "x"), ("pipe", "pipe"))
    assert tree(tmp_path / "root") == {"file": "x"}
    assert (tmp_path / "root/file").stat().st_mode & 0o7777 == 0o444


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="no file of the image"):
        apply(tmp_path / "root", ("link", "=/etc/passwd"))


def test_links_in_circles_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="too many links"):
        apply(tmp_path / "root", ("a", "->b"), ("b", "->a"), ("a/file", "x"))


DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("named", "prefix", "repository"),
    [
        (f"app@{DIGEST}", "", "app"),
        (f"team/app:1.2@{DIGEST}", "", "team/app"),
        (f"reg.example.org:5000/team/app@{DIGEST}", "reg.example.org:5000", "team/app"),
        (f"reg.example.org/team/app:1@{DIGEST}", "reg.example.org/team", "app"),
    ],
)
def test_an_image_name_is_taken_apart(named: str, prefix: str, repository: str) -> None:
    assert split(named, prefix, "web") == (repository, DIGEST)


@pytest.mark.parametrize(
    "named", ["", "app", "app:1", f"@{DIGEST}", f"../x@{DIGEST}", f"-x@{DIGEST}", f"{DIGEST}@app"]
)
def test_what_is_no_pinned_image_is_refused(named: str) -> None:
    with pytest.raises(WrongUsage):
        split(named, "", "web")


def test_what_is_unpacked_is_not_written_to_by_chance(tmp_path: Path) -> None:
    apply(tmp_path / "root", ("file", "x"))
    if os.getuid() != 0:
        with pytest.raises(PermissionError):
            (tmp_path / "root/file").write_text("y")
