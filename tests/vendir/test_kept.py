"""What is kept moves into the new tree: the same files, and never lost or in halves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.vendir.engine import staging
from tests.vendir.conftest import Place

CONTENTS = (
    "[{path: x/own, manual: {}}, {path: same, lazy: true, inline: {paths: {s: '1'}}},"
    " {path: b, inline: {paths: {z: %s}}}]"
)


@pytest.fixture
def own(place: Place) -> Path:
    """What somebody keeps by hand, of every kind, beside what has been synced."""
    own = place.folder / "vendor/x/own"
    own.mkdir(parents=True)
    (own / "deep").mkdir()
    (own / "deep/file").write_text("mine")
    os.link(own / "deep/file", own / "hard")
    os.mkfifo(own / "pipe")
    (own / "link").symlink_to("hard")
    with (own / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    os.utime(own / "deep", (1, 1))
    own.chmod(0o555)
    own.parent.chmod(0o555)
    place.configure(CONTENTS % "old")
    place.sync()
    own.parent.chmod(0o555)
    place.configure(CONTENTS % "new")
    return own


def _seen(own: Path) -> dict[str, tuple[int, ...]]:
    paths = [own, own.parents[1] / "same", *sorted(own.rglob("*"))]
    keys = ("st_ino", "st_mode", "st_uid", "st_nlink", "st_blocks", "st_mtime_ns")
    return {
        path.name: tuple(getattr(path.lstat(), key) for key in keys[: 5 if path.is_dir() else 6])
        for path in paths
    }


def test_what_is_kept_is_the_same_afterwards(place: Place, own: Path) -> None:
    before = _seen(own)
    place.sync()
    assert (place.folder / "vendor/b/z").read_text() == "new"
    assert _seen(own) == before
    place.sync("-d", "vendor/x/own", "-d", "vendor/b")
    assert _seen(own) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_program_of_somebody_else_stays_theirs(place: Place) -> None:
    program = place.folder / "vendor/m/run"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    place.configure("[{path: m, manual: {}}, {path: b, inline: {paths: {z: '1'}}}]")
    place.sync()
    assert (program.stat().st_uid, program.stat().st_mode & 0o7777) == (65534, 0o4755)


KILLED = """\
import os, pathlib, signal, sys
from tasks.vendir.engine import commands, staging
left = [int(sys.argv[1])]
def dying(real):
    def call(*args, **how):
        left[0] -= 1
        if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **how)
    return call
for name in ("rename", "chmod"):
    setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name)))
os.fsync = dying(os.fsync)
staging.remove = dying(staging.remove)
sys.exit(commands.main(["sync"]))
"""


def test_a_run_that_dies_at_any_moment_loses_nothing_of_it(place: Place, own: Path) -> None:
    before, env = _seen(own), {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ends = []
    for calls in range(1, 100):
        place.configure(CONTENTS % f"new{calls}")
        (place.folder / "vendor").chmod(0o555)
        command = [sys.executable, "-c", KILLED, str(calls)]
        done = subprocess.run(command, cwd=place.folder, env=env, check=False, capture_output=True)
        place.configure("[{path: x/own, manual: {}}, {path: same, directory: {path: none}}]")
        place.refused()
        assert _seen(own) == before, calls
        ends.append((place.folder / "vendor/b/z").read_text() == f"new{calls}")
        if not ends[-1]:
            assert (place.folder / "vendor").stat().st_mode & 0o777 == 0o555, calls
        assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert ends == sorted(ends), "the old tree up to some moment, and the new one from there on"
    assert ends.count(False) > 5


def _full(monkeypatch: pytest.MonkeyPatch, fails: Callable[[Path, Path], bool]) -> None:
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if fails(self, target):
            monkeypatch.setattr(Path, "rename", real)
            raise OSError(28, "No space left on device", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize(
    "fails",
    [
        lambda path, _: path.name == "own",
        lambda path, _: path.name == "same",
        lambda path, _: path.name.endswith("-staging"),
        lambda path, _: path.name == "vendor",
    ],
)
def test_an_error_at_any_step_puts_it_back(
    place: Place, own: Path, monkeypatch: pytest.MonkeyPatch, fails: Callable[[Path, Path], bool]
) -> None:
    before = _seen(own)
    (place.folder / "vendor").chmod(0o555)
    _full(monkeypatch, fails)
    assert "No space left on device" in place.refused()
    assert _seen(own) == before
    assert own.parent.stat().st_mode & 0o777 == 0o555
    assert (place.folder / "vendor").stat().st_mode & 0o777 == 0o555
    assert (place.folder / "vendor/b/z").read_text() == "old"
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_what_somebody_puts_in_its_place_meanwhile_does_not_cost_it(
    place: Place, own: Path
) -> None:
    area = place.folder / f"{staging.PREFIX}0"
    (area / "1-staging/x").mkdir(parents=True)
    own.parent.chmod(0o755)
    own.chmod(0o755)
    own.rename(area / "1-staging/x/own")
    (place.folder / "vendor").rename(area / "2-old")
    (area / "swap").write_bytes(b"2-old\nvendor\x001-staging\x00555 x/own\x00755 x")
    (place.folder / "vendor/x/own").mkdir(parents=True)
    for _ in range(2):
        said = place.run("sync", "--lazy=false")
        assert said.code == 0
        assert f"warning: a sync that did not end has left {area}/1-staging/x/own: " in said.err
    assert (area / "1-staging/x/own/hard").read_text() == "mine"
    (place.folder / "vendor/x/own").rmdir()
    place.sync("--lazy=false")
    assert (place.folder / "vendor/x/own/hard").read_text() == "mine"
    assert not area.exists()


@pytest.mark.parametrize("tree", ["1-staging", "2-old"])
def test_what_is_kept_comes_back_into_a_tree_that_somebody_has_restored(
    place: Place, own: Path, tree: str
) -> None:
    before, area = _seen(own), place.folder / f"{staging.PREFIX}0"
    (area / "1-staging/x").mkdir(parents=True)
    (area / "2-old/x").mkdir(parents=True)
    own.parent.chmod(0o755)
    own.chmod(0o755)
    own.rename(area / tree / "x/own")
    own.parent.rmdir()
    (area / "swap").write_bytes(b"2-old\nvendor\x001-staging\x00555 x/own\x00755 x\x00755 ")
    assert place.sync("--lazy=false")
    assert _seen(own).keys() == before.keys()
    assert own.stat().st_mode & 0o777 == 0o555
    assert not area.exists()


def test_a_file_in_the_way_of_what_is_kept_is_told(place: Place, own: Path) -> None:
    area = place.folder / f"{staging.PREFIX}0"
    (area / "1-staging/x").mkdir(parents=True)
    (area / "2-old").mkdir()
    own.parent.chmod(0o755)
    own.chmod(0o755)
    own.rename(area / "1-staging/x/own")
    own.parent.rmdir()
    own.parent.write_text("in the way")
    (area / "swap").write_text("2-old\nvendor\0001-staging\000555 x/own\000755 x\000755 ")
    said = place.refused()
    assert f"warning: a sync that did not end has left {area}/1-staging/x/own: " in said
    assert f"has left it at {area}/1-staging/x/own" in said


def test_what_cannot_come_back_is_named(place: Place, own: Path) -> None:
    area = place.folder / f"{staging.PREFIX}0"
    (area / "1-staging/x").mkdir(parents=True)
    own.parent.chmod(0o755)
    own.chmod(0o755)
    own.rename(area / "1-staging/x/own")
    (area / "2-old").mkdir()
    (area / "swap").write_text("2-old\nelsewhere\0001-staging\000555 x/own\000755 x")
    assert f"has left it at {area}/1-staging/x/own" in place.refused()


@pytest.mark.parametrize("note", ["2-old\nvendor\x001-staging\x00755 a/b", "2-old\nvendor"])
def test_an_area_that_fits_nothing_stops_no_sync(place: Place, note: str) -> None:
    area = place.folder / f"{staging.PREFIX}0"
    (area / "1-staging/a").mkdir(parents=True)
    (area / "1-staging/a/b").write_text("")
    (area / "2-old").mkdir()
    (area / "2-old/a").write_text("")
    (area / "swap").write_text(note)
    place.configure("[{path: a, inline: {paths: {x: '1'}}}]")
    place.sync()
    assert place.files() == {"a/x": "1"}


def test_an_area_that_cannot_be_undone_is_left_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    area = place.folder / f"{staging.PREFIX}0"
    (area / "2-old").mkdir(parents=True)
    (area / "swap").write_text("2-old\nvendor")
    _full(monkeypatch, lambda path, _: path.name == "2-old")
    place.configure("[{path: a, inline: {paths: {x: '1'}}}]")
    said = place.run("sync")
    assert said.code == 0
    assert f"warning: a sync that did not end has left {area}: " in said.err
    assert (area / "2-old").is_dir()


def test_a_note_opens_no_folder(place: Place) -> None:
    area = place.folder / f"{staging.PREFIX}0"
    (area / "1-staging").mkdir(parents=True)
    (area / "2-old/a").mkdir(parents=True)
    (area / "swap").write_text("2-old\nvendor\0001-staging\000777 a\000777 ")
    place.configure("[{path: a, directory: {path: none}}]")
    place.refused()
    assert (place.folder / "vendor/a").stat().st_mode & 0o022 == 0
    assert (place.folder / "vendor").stat().st_mode & 0o022 == 0


@pytest.mark.parametrize("row", ["755 ../../mine", "755 x/f", "x", "755 /mine", "755 a/../../f"])
def test_what_a_repository_has_committed_moves_nothing_out_of_its_place(
    place: Place, row: str
) -> None:
    mine = place.folder.parent / "mine"
    mine.mkdir()
    (mine / "f").write_text("a file of this person")
    area = place.folder / f"{staging.PREFIX}0"
    (area / "1-staging").mkdir(parents=True)
    (area / "1-staging/x").symlink_to(mine)
    (area / "2-old/x").mkdir(parents=True)
    (area / "swap").write_text(f"2-old\nvendor\0001-staging\0{row}")
    place.configure("[{path: none, directory: {path: none}}]")
    place.refused()
    assert (mine / "f").read_text() == "a file of this person"
    assert place.files() == {}


def test_links_of_what_is_kept_are_looked_at_before_it_moves(place: Place, own: Path) -> None:
    own.chmod(0o755)
    (own / "out").symlink_to("/etc")
    assert "vendor/x/own/out → /etc: Invalid symlink" in place.refused()
    (own / "out").unlink()
    (own / "out").symlink_to("../../b/z")
    place.sync()
    assert (own / "out").read_text() == "new"


def test_what_stands_behind_a_link_is_not_ours_to_move(place: Place, own: Path) -> None:
    (place.folder / "vendor").rename(place.folder / "real")
    (place.folder / "vendor").symlink_to("real")
    assert "a link leads to it" in place.refused()
    assert (place.folder / "real/x/own/hard").read_text() == "mine"
    place.sync("-d", "vendor/x/own")
    assert (place.folder / "vendor").is_symlink()


def test_a_directory_that_is_kept_as_a_whole_stays_where_it_is(place: Place) -> None:
    (place.folder / "vendor").mkdir()
    os.mkfifo(place.folder / "vendor/pipe")
    before = (place.folder / "vendor").stat().st_ino
    place.configure("[{path: ., manual: {}}]")
    assert "- manual: {}\n    path: .\n" in place.sync()
    assert (place.folder / "vendor").stat().st_ino == before
