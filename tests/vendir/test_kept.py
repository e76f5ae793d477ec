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
        command = [sys.executable, "-c", KILLED, str(calls)]
        done = subprocess.run(command, cwd=place.folder, env=env, check=False, capture_output=True)
        place.configure("[{path: x/own, manual: {}}, {path: same, directory: {path: none}}]")
        place.refused()
        assert _seen(own) == before, calls
        ends.append((place.folder / "vendor/b/z").read_text() == f"new{calls}")
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
    _full(monkeypatch, fails)
    assert "No space left on device" in place.refused()
    assert _seen(own) == before
    assert own.parent.stat().st_mode & 0o777 == 0o555
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
    place.sync("--lazy=false")
    assert (area / "1-staging/x/own/hard").read_text() == "mine"


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
