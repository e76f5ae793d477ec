"""The remotes are made once, whole, and the same on every machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.kernel import git
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.sandbox.seeds import KINDS, SEEDS
from tasks.sandbox.steps import seed, sync
from tests.sandbox.worlds import ROOT, World

MAKE = "import pathlib, sys; from tasks.sandbox.steps import seed; seed(pathlib.Path(sys.argv[1]))"
# Dies where it would hurt most: everything is written, nothing has its name.
DIE_BEFORE_NAMING = (
    "import os, signal\nos.rename = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\n" + MAKE
)


def start(root: Path, code: str = MAKE, umask: int = -1, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        cwd=ROOT,
        env={**os.environ, **env},
        umask=umask,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words.decode()


def all_refs(root: Path) -> dict[str, list[str]]:
    return {
        kind: git.lines("for-each-ref", "--format=%(objectname) %(refname)", repo=root / it.remote)
        for kind, it in SEEDS.items()
    }


def test_every_machine_makes_the_same_commits(tmp_path: Path) -> None:
    """Another folder, umask, home, time zone, identity and taste in git: the same ids."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n name = Someone\n email = s@example.org\n[core]\n autocrlf = true\n"
        "[commit]\n gpgSign = true\n[i18n]\n commitEncoding = latin1\n"
        "[init]\n defaultBranch = trunk\n defaultObjectFormat = sha256\n"
        "[fastimport]\n unpackLimit = 0\n"
    )
    here, there = World.real(tmp_path / "here").root, World.real(tmp_path / "there").root
    seed(here)
    for file in (there / "sandbox").rglob("*.py"):
        os.utime(file, (0, 0))
    foreign = {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "TZ": "Pacific/Auckland",
        "GIT_AUTHOR_DATE": "1 +0000",
        "GIT_COMMITTER_NAME": "Another",
        "GIT_DEFAULT_HASH": "sha256",
    }
    finish(start(there, umask=0o077, **foreign))
    assert all_refs(here) == all_refs(there)


def test_the_second_time_nothing_is_touched(tmp_path: Path) -> None:
    world = World.small(tmp_path)
    first = world.sync()
    assert first.created
    assert first.commit == git.text("rev-parse", "main", repo=world.remote)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert world.sync().commit is None
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_idle_run_is_cheap(tmp_path: Path) -> None:
    world = World.real(tmp_path)
    world.sync()

    def once() -> float:
        begun = time.perf_counter()
        world.sync()
        return time.perf_counter() - begun

    assert min(once() for _ in range(10)) < 0.030


def test_packed_refs_are_found_too(tmp_path: Path) -> None:
    world = World.small(tmp_path)
    world.sync()
    git.git("pack-refs", "--all", repo=world.remote)
    assert not (world.remote / "refs" / "slipway" / "seed").exists()
    assert world.sync().commit is None


def test_the_remote_is_bare_and_its_bots_may_rewrite_their_branches(tmp_path: Path) -> None:
    world = World.small(tmp_path)
    world.sync()
    assert git.text("rev-parse", "--is-bare-repository", repo=world.remote) == "true"
    assert git.text("symbolic-ref", "HEAD", repo=world.remote) == "refs/heads/main"
    assert not list(world.remote.glob("hooks/*"))
    git.git("clone", "--quiet", str(world.remote), str(tmp_path / "clone"))
    bot = git.identity("Bot", "bot@example.org", "1767225600 +0000")
    for message in ("one", "two"):
        git.git("commit", "--amend", "-q", "-m", message, repo=tmp_path / "clone", env=bot)
        git.git("push", "-q", "--force", "origin", "HEAD:refs/heads/bot", repo=tmp_path / "clone")
    assert git.text("log", "-1", "--format=%s", "bot", repo=world.remote) == "two"


def test_a_kill_before_the_end_leaves_no_half_remote(tmp_path: Path) -> None:
    world = World.real(tmp_path)
    killed = start(tmp_path, DIE_BEFORE_NAMING)
    assert killed.wait(60) == -signal.SIGKILL
    assert killed.stderr is not None
    killed.stderr.close()
    assert not world.remote.exists()
    assert list(world.remote.parent.glob(".source.git.new-*"))
    seed(tmp_path)
    assert not list(world.remote.parent.glob(".*.new-*"))
    git.git("fsck", "--strict", repo=world.remote)


@pytest.mark.parametrize("delay", [0.08, 0.14, 0.2, 0.26, 0.32])
def test_a_kill_at_any_moment_is_made_good_by_the_next_run(tmp_path: Path, delay: float) -> None:
    World.real(tmp_path / "killed")
    World.real(tmp_path / "calm")
    process = start(tmp_path / "killed")
    time.sleep(delay)
    process.kill()
    process.communicate(timeout=60)
    for it in SEEDS.values():
        remote = tmp_path / "killed" / it.remote
        if remote.exists():
            git.git("rev-parse", "--verify", "main^{tree}", repo=remote)
    seed(tmp_path / "killed")
    seed(tmp_path / "calm")
    assert all_refs(tmp_path / "killed") == all_refs(tmp_path / "calm")


def test_several_at_once_make_one_world(tmp_path: Path) -> None:
    world = World.real(tmp_path)
    for process in [start(tmp_path) for _ in range(4)]:
        finish(process)
    made = all_refs(tmp_path)
    world.edit("server/new.py", "NEW = 1\n")
    for process in [start(tmp_path) for _ in range(4)]:
        finish(process)
    assert all_refs(tmp_path) != made
    assert world.log("--format=%s")[0] == "fix(sandbox): take over edits of server/new.py"
    assert world.log("--format=%s")[1] == "feat(loans): weekly repayments (#13)"


def test_what_stands_in_the_way_is_left_alone(tmp_path: Path) -> None:
    world = World.small(tmp_path)
    world.remote.mkdir(parents=True)
    (world.remote / "letter").write_text("mine")
    with pytest.raises(SlipwayError, match="in the way"):
        world.sync()
    assert (world.remote / "letter").read_text() == "mine"


def test_a_link_in_place_of_the_remote_is_not_followed(tmp_path: Path) -> None:
    world = World.small(tmp_path / "project")
    world.remote.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    world.remote.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SlipwayError, match="in the way"):
        world.sync()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_sandbox_that_is_a_link_is_refused(tmp_path: Path) -> None:
    World.real(tmp_path / "project")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project" / ".sandbox").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SlipwayError, match="is a link"):
        seed(tmp_path / "project")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_relative_paths_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    World.small(tmp_path)
    monkeypatch.chdir(tmp_path)
    remote = Path(SEEDS["source"].remote)
    assert sync("source", Path(SEEDS["source"].folder), remote).created
    assert sync("source", Path(SEEDS["source"].folder), remote).commit is None


def test_a_mistake_in_the_history_leaves_nothing(tmp_path: Path) -> None:
    world = World.small(tmp_path)
    (tmp_path / "sandbox" / "history.yml").write_text("authors: {}\nsource: []\n")
    with pytest.raises(WrongUsage, match=r"history\.yml: source"):
        world.sync()
    assert not world.remote.exists()
    assert not list(world.remote.parent.glob(".*.new-*"))


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=", ".join(KINDS)):
        sync("sauce", tmp_path, tmp_path / "x.git")
