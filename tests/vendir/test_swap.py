"""The new tree takes the place of the old one, and neither is lost whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.vendir.engine import staging
from tests.vendir.conftest import Place

TWO = "[{path: a, inline: {paths: {x: %s}}}, {path: b, inline: {paths: {z: %s}}}]"


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_run_that_dies_at_any_moment_of_the_swap_loses_nothing(place: Place, calls: int) -> None:
    """The tree is the old one or the new one, at the latest once somebody syncs again."""
    place.configure(TWO % ("old", "old"))
    place.sync()
    place.configure(TWO % ("new", "new"))
    code = (
        "import os, pathlib, signal, sys\n"
        "from tasks.vendir.engine import staging, commands\n"
        "real, left = pathlib.Path.rename, [int(sys.argv[1])]\n"
        "def rename(self, target):\n"
        "    left[0] -= 1\n"
        "    if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(self, target)\n"
        "pathlib.Path.rename = rename\n"
        "remove = staging.remove\n"
        "def removed(path):\n"
        "    left[0] -= 1\n"
        "    if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return remove(path)\n"
        "staging.remove = removed\n"
        "commands.main(['sync'])\n"
    )
    env = dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code, str(calls)], cwd=place.folder, env=env, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert any(name.startswith(staging.PREFIX) for name in place.left)
    if calls == 2:  # between the two renames
        assert not (place.folder / "vendor").exists()
    place.configure("[{path: a, directory: {path: none}}]")
    place.refused()  # a run that fails by itself still cleans up behind the one that died
    expected = "old" if calls < 3 else "new"
    assert place.files() == {"a/x": expected, "b/z": expected}
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_an_error_in_the_swap_puts_the_old_tree_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.configure(TWO % ("old", "old"))
    place.sync()
    place.configure(TWO % ("new", "new"))
    real = Path.rename

    def full(self: Path, target: Path) -> Path:
        if "staging" in self.name:
            raise OSError(28, "No space left on device", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", full)
    assert "No space left on device" in place.refused()
    assert place.files() == {"a/x": "old", "b/z": "old"}
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_what_other_runs_have_left_is_collected(place: Place) -> None:
    stale = place.folder / f"{staging.PREFIX}123/staging/deep"
    stale.mkdir(parents=True)
    (stale.parents[1] / "swap").write_text("none\nx")
    stale.chmod(0o555)
    place.configure(TWO % ("'1'", "'2'"))
    place.sync()
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_two_syncs_in_one_folder_wait_for_one_another(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_PATIENCE", 0.1)
    place.configure(TWO % ("'1'", "'2'"))
    with staging.area(place.folder, ()):
        assert "another sync is running here" in place.refused()


@pytest.mark.parametrize(
    "note",
    ["../mine\nvendor", "/mine\nvendor", "1-old\n../mine", "1-old\n.git/hooks/x", "1-old\nother"],
)
@pytest.mark.parametrize("command", ["sync", "verify"])
def test_what_a_repository_has_committed_moves_nothing(
    place: Place, note: str, command: str
) -> None:
    """A folder called like ours came with a clone, and tells of a tree to be put back."""
    mine = place.folder.parent / "mine"
    crafted = place.folder / f"{staging.PREFIX}0"
    (crafted / "1-old").mkdir(parents=True)
    if "mine\nvendor" in note:
        mine.write_text("a file of this person")
    told = note.replace("/mine", str(mine)) if note.startswith("/") else note
    (crafted / "swap").write_text(told.replace("../mine\nvendor", "../../mine\nvendor"))
    place.configure("[{path: none, directory: {path: none}}]")
    place.run(command)
    assert mine.exists() == ("mine\nvendor" in note)
    assert {name for name in place.left if name != crafted.name} == {"vendir.yml"}


def test_a_tree_of_another_configuration_is_kept(place: Place) -> None:
    """Its files may be kept by hand, and the killed run has taken them out of their place."""
    stale = place.folder / f"{staging.PREFIX}0"
    (stale / "1-old").mkdir(parents=True)
    (stale / "1-old/x").write_text("by hand")
    (stale / "swap").write_text("1-old\nelsewhere")
    place.configure(TWO % ("'1'", "'2'"))
    place.sync()
    assert (stale / "1-old/x").read_text() == "by hand"
    place.configure(TWO % ("'1'", "'2'"), path="elsewhere")
    place.refused("-d", "none")
    place.sync("-d", "elsewhere/a")
    assert not stale.exists()
