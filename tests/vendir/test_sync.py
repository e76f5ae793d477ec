"""The sync as a whole: partial, lazy and locked ones, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tasks.kernel import paths
from tests.vendir.conftest import Origin, Place

TWO = "[{path: a, inline: {paths: {x: %s}}}, {path: b, inline: {paths: {z: %s}}}]"
LOCK_OF_TWO = (
    "apiVersion: vendir.k14s.io/v1alpha1\ndirectories:\n- contents:\n  - inline: {}\n"
    "    path: a\n  - inline: {}\n    path: b\n  path: vendor\nkind: LockConfig\n"
)


def test_everything_that_is_not_named_disappears(place: Place) -> None:
    (place.folder / "vendor/old").mkdir(parents=True)
    place.configure(TWO % ("'1'", "'2'"))
    assert place.sync() == LOCK_OF_TWO
    assert place.files() == {"a/x": "1", "b/z": "2"}
    assert not (place.folder / "vendor/old").exists()


def test_directories_without_contents(place: Place) -> None:
    (place.folder / "vendir.yml").write_text(
        "apiVersion: vendir.k14s.io/v1alpha1\nkind: Config\ndirectories: []\n"
    )
    expected = "apiVersion: vendir.k14s.io/v1alpha1\ndirectories: null\nkind: LockConfig\n"
    assert place.sync() == expected


def test_paths_are_cleaned_everywhere(place: Place) -> None:
    place.configure("[{path: ./a/, inline: {paths: {x: '1'}}}]", path="./vendor//")
    assert "    path: a\n  path: vendor\n" in place.sync()


def test_an_error_leaves_tree_and_lock_as_they_were(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    place.sync()
    before = place.lock
    place.configure("[{path: a, inline: {paths: {x: '9'}}}, {path: b, directory: {path: none}}]")
    place.refused()
    assert place.files() == {"a/x": "1", "b/z": "2"}
    assert place.lock == before


# partial


def test_one_content_alone(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    place.sync()
    (place.folder / "vendor/b/own").write_text("mine")
    place.configure(TWO % ("'3'", "'4'"))
    said = place.sync("-d", "vendor/a")
    assert said.startswith(
        "apiVersion: vendir.k14s.io/v1alpha1\ndirectories:\n- contents:\n  - inline:"
    )
    assert said.endswith(LOCK_OF_TWO)
    assert place.files() == {"a/x": "3", "b/own": "mine", "b/z": "2"}


def test_a_first_partial_lock_has_nothing_else(place: Place) -> None:
    place.configure(TWO % ("'3'", "'4'"))
    place.sync("-d", "vendor/b")
    assert place.lock == LOCK_OF_TWO.replace("  - inline: {}\n    path: a\n", "")
    place.sync("-d", "vendor/a")
    assert place.lock.index("path: b") < place.lock.index("path: a")


@pytest.mark.parametrize(
    "name", ["vendor", "./vendor/a", "vendor/a/", "vendor/c", "vendor/a,vendor/a"]
)
def test_names_that_fit_nothing(place: Place, name: str) -> None:
    place.configure(TWO % ("'3'", "'4'"))
    place.refused("-d", name)


def test_a_content_from_a_local_folder_instead(place: Place, origin: Origin) -> None:
    place.configure(
        "[{path: app, git: {url: ../charts, ref: main}, includePaths: [charts/**/*],"
        " newRootPath: charts/app}]"
    )
    place.sync()
    before = place.lock
    (origin.folder / "charts/app/values.yaml").write_text("replicas: 5\n")
    place.sync("-d", "vendor/app=../charts")
    # As in the original, filters stay and the new root does not.
    assert place.files()["app/charts/app/values.yaml"] == "replicas: 5\n"
    assert "app/README.md" not in place.files()
    assert place.lock == before


def test_a_partial_sync_needs_a_lock_that_can_be_read(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    (place.folder / "vendir.lock.yml").write_text("{{")
    assert "vendir.lock.yml" in place.refused("-d", "vendor/a")
    place.sync()
    assert place.lock == LOCK_OF_TWO


def test_a_manual_content_alone_keeps_its_mode(place: Place) -> None:
    own = place.folder / "vendor/own"
    own.mkdir(parents=True)
    (own / "x").write_text("mine")
    own.chmod(0o555)
    place.configure("[{path: own, manual: {}}]")
    place.sync("-d", "vendor/own")
    assert place.files() == {"own/x": "mine"}
    assert own.stat().st_mode & 0o777 == 0o555
    own.chmod(0o755)


# locked


def _git(place: Place, more: str = "") -> None:
    place.configure(f"[{{path: app, git: {{url: ../charts, ref: main}}, {more}}}]")


def test_a_locked_sync_takes_what_the_lock_says(place: Place, origin: Origin) -> None:
    _git(place)
    place.sync()
    before = place.lock
    origin.commit("feat: more", {"README.md": "more\n"})
    said = place.sync("--locked")
    assert "ref: main" not in said
    assert said.endswith(before)
    assert place.lock == before
    assert place.files()["app/README.md"] == "charts\n"
    place.sync()
    assert place.files()["app/README.md"] == "more\n"


def test_a_lock_that_is_missing_or_does_not_fit(place: Place, origin: Origin) -> None:
    _git(place)
    assert "there is none" in place.refused("-l")
    (place.folder / "vendir.lock.yml").write_text(LOCK_OF_TWO)
    assert "no entry for vendor/app" in place.refused("--locked=true")
    (place.folder / "vendir.lock.yml").write_text(LOCK_OF_TWO.replace("path: a", "path: app"))
    assert "the lock has inline for vendor/app" in place.refused("-l")


# lazy


def test_a_lazy_content_is_fetched_when_its_configuration_changes(
    place: Place, origin: Origin
) -> None:
    _git(place, "lazy: true")
    assert "configDigest: " in place.sync()
    before = place.lock
    origin.commit("feat: more", {"README.md": "more\n"})
    (place.folder / "vendor/app/README.md").write_text("by hand\n")
    place.sync()
    assert place.lock == before
    assert place.files()["app/README.md"] == "by hand\n"
    _git(place, "lazy: true, excludePaths: [LICENSE]")
    place.sync()
    assert place.files()["app/README.md"] == "more\n"
    origin.commit("feat: even more", {"README.md": "even more\n"})
    place.sync("--lazy=false")
    assert place.files()["app/README.md"] == "even more\n"
    (place.folder / "vendor/app").rename(place.folder / "elsewhere")
    assert "--lazy=false" in place.refused()


def test_the_mode_of_a_lazy_content_that_is_left_alone_is_too(place: Place) -> None:
    place.configure(
        "[{path: a, lazy: true, permissions: 0750, inline: {paths: {x: '1'}}}]",
        more="  permissions: 0755\n",
    )
    place.sync()
    (place.folder / "vendor/a").chmod(0o711)
    (place.folder / "vendor").chmod(0o711)
    place.sync()
    modes = [(place.folder / name).stat().st_mode & 0o777 for name in ("vendor", "vendor/a")]
    assert modes == [0o755, 0o711]


def test_a_partial_sync_sets_the_directory_s_mode_and_no_sibling_s(place: Place) -> None:
    contents = "[{path: a, inline: {paths: {x: '1'}}}, {path: b, inline: {paths: {x: '1'}}}]"
    place.configure(contents, more="  permissions: 0755\n")
    place.sync()
    for name in ("vendor", "vendor/a", "vendor/b"):
        (place.folder / name).chmod(0o711)
    place.sync("-d", "vendor/a")
    modes = [
        (place.folder / name).stat().st_mode & 0o777 for name in ("vendor", "vendor/a", "vendor/b")
    ]
    assert modes == [0o755, 0o755, 0o711]


# the command line


def test_flags_of_one_letter_may_stand_in_one_word(place: Place, origin: Origin) -> None:
    _git(place)
    before = place.sync()
    origin.commit("feat: more", {"README.md": "more\n"})
    assert place.sync("-lfvendir.yml").endswith(before)
    assert place.sync("-lf", "vendir.yml").endswith(before)


def test_where_everything_is(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    inner = place.folder / "inner"
    inner.mkdir()
    (place.folder / "vendir.yml").rename(inner / "other.yml")
    assert "cannot be read" in place.refused()
    place.sync("-f", "inner/other.yml", "--lock-file", "inner/the.lock")
    assert (inner / "the.lock").read_text() == LOCK_OF_TWO
    assert place.files() == {"a/x": "1", "b/z": "2"}
    place.sync("--chdir", "inner", "--file", "other.yml")
    assert (inner / "vendor/a/x").exists()


def test_several_files_are_one_configuration(place: Place) -> None:
    place.configure("[{path: a, inline: {pathsFrom: [{configMapRef: {name: m}}]}}]")
    (place.folder / "map.yml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {x: one}\n"
    )
    place.sync("-f", "vendir.yml,map.yml")
    assert place.files() == {"a/x": "one"}
    place.sync("-f", "vendir.yml", "-f", "map.yml")


def test_a_lock_file_without_a_folder(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    assert "the lock cannot be written" in place.refused("--lock-file", "none/vendir.lock.yml")


@pytest.mark.parametrize(
    "words", [["sync", "extra"], ["sync", "--unknown"], [], ["sync", "--lazy=maybe"]]
)
def test_wrong_usage_ends_as_every_error_does(place: Place, words: list[str]) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    said = place.run(*words)
    assert said.code == 1
    assert said.err
    assert place.left == ["vendir.yml"]


def test_progress_is_told_to_a_terminal_only(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    assert "Fetching" not in place.sync()
    assert "Fetching: vendor + a (inline)\n" in place.sync("--tty")


def test_as_a_program(place: Place) -> None:
    place.configure(TWO % ("'1'", "'2'"))
    env = dict(os.environ) | {"PYTHONPATH": str(paths.ROOT)}
    command = [sys.executable, "-m", "tasks.vendir", "sync"]
    done = subprocess.run(command, cwd=place.folder, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, LOCK_OF_TWO, b"")


def test_nobody_reads_the_lock_on_the_screen(place: Place) -> None:
    """The pipe is closed: the tree and the lock are made all the same, and no traceback comes."""
    place.configure("[{path: a, inline: {paths: {x: '1'}}}]")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "tasks.vendir", "sync"],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
    assert place.files() == {"a/x": "1"}
    assert place.lock
