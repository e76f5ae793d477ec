"""What git reads and writes is decided here, whatever a machine or a broken mirror says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths, quick, remotes
from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError
from tasks.kernel.gitwords import in_variables
from tasks.kernel.world import World

WHO = g.identity("Ada", "ada@example.org", "1767225600 +0000")
MAIN = "refs/heads/main"

# A setting each that would have changed what is pushed, read or made.
SETTINGS = """\
[push]
followTags = true
gpgSign = true
pushOption = x
[log]
date = relative
showSignature = true
[i18n]
commitEncoding = latin1
logOutputEncoding = latin1
[safe]
bareRepository = explicit
[color]
ui = always
[core]
autocrlf = true
[clone]
defaultRemoteName = up
[commit]
gpgSign = true
template = /nonexistent
[tag]
forceSignAnnotated = true
sort = -refname
"""
# What a hook, a wrapper or a person may have left in the environment.
VARIABLES = {
    "GIT_DIR": "/nonexistent",
    "GIT_WORK_TREE": "/nonexistent",
    "GIT_INDEX_FILE": "/nonexistent",
    "GIT_COMMON_DIR": "/nonexistent",
    "GIT_OBJECT_DIRECTORY": "/nonexistent",
    "GIT_QUARANTINE_PATH": "/nonexistent",
    "GIT_NAMESPACE": "elsewhere",
    "GIT_PREFIX": "server/",
    "GIT_DEFAULT_HASH": "sha256",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_GLOB_PATHSPECS": "1",
    "GIT_NOGLOB_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_ATTR_SOURCE": "nonexistent",
    "GIT_CONFIG_COUNT": "no number",
    "GIT_CONFIG_PARAMETERS": "'push.followtags'='true'",
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    config = load(paths.ROOT / "pipeline.yml")
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setattr(paths, "ROOT", root)
    return World(config, root)


@pytest.fixture
def remote(tmp_path: Path) -> str:
    """Return a remote of three commits, the first one with an annotated tag."""
    bare = str(tmp_path / "remote.git")
    g.git("init", "--bare", "--quiet", bare)
    parent: list[str] = []
    for number in range(3):
        blob = g.text("hash-object", "-w", "--stdin", repo=bare, stdin=f"{number}\n".encode())
        tree = g.text("mktree", repo=bare, stdin=f"100644 blob {blob}\tfile\n".encode())
        commit = g.text("commit-tree", tree, *parent, "-m", str(number), repo=bare, env=WHO)
        if not parent:
            g.git("tag", "-a", "-m", "x", "0.1.0", commit, repo=bare, env=WHO)
        parent = ["-p", commit]
    g.git("update-ref", MAIN, commit, repo=bare)
    return bare


def _journey(world: World, remote: str, folder: Path) -> dict[str, object]:
    """Use git in all the ways that the rooms do; return what came of it."""
    refs = remotes.ls(remote)
    mirror = remotes.mirror(world, "source", remote, refs)
    commit = refs[MAIN]
    message = "Größe".encode()
    made = g.text(
        "commit-tree", f"{commit}^{{tree}}", "-F", "-", repo=mirror, env=WHO, stdin=message
    )
    g.git("tag", "-d", "0.1.0", repo=remote)  # somebody deletes it now
    remotes.push(world, "source", remote, "refs/heads/new", made, "")
    with remotes.checkout(world, "source", commit, "check:unit") as tree:
        files = {path.name: path.read_bytes() for path in tree.iterdir() if path.is_file()}
        changed = g.lines("status", "--porcelain", repo=tree)
    remotes.export(world, "source", commit, ".", folder)
    return {
        "refs": (refs, remotes.ls(remote)),
        "message": g.git("cat-file", "commit", made, repo=mirror),
        "log": g.text("log", "-1", "--format=%s %ad", made, "--", repo=mirror),
        "files": (files, changed, (folder / "file").read_bytes()),
    }


def test_a_persons_settings_and_variables_change_nothing(
    world: World, remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = str(tmp_path / "again.git")
    shutil.copytree(remote, again)
    expected = _journey(world, remote, tmp_path / "one")
    shutil.rmtree(world.root / paths.BUILD)

    (tmp_path / "gitconfig").write_text(SETTINGS)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert _journey(world, again, tmp_path / "two") == expected


def test_a_credential_helper_may_read_a_variable_of_gits_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_TOKEN", "s3cr3t-hunter2")
    monkeypatch.setenv("FORGE_TOKEN", "s3cr3t-hunter2")
    env = g.environment()
    assert env["GIT_TOKEN"] == "s3cr3t-hunter2"
    assert "FORGE_TOKEN" not in env


def test_settings_that_the_caller_gives_in_variables_count_and_ours_win(
    remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {f"url.{remote}.insteadOf": "https://mirrored.invalid/x", "user.name": "theirs"}
    for name, value in in_variables(list(given.items())).items():
        monkeypatch.setenv(name, value)
    assert g.text("ls-remote", "https://mirrored.invalid/x", MAIN).endswith(MAIN)
    ours = in_variables([("user.name", "ours")])
    assert g.text("config", "user.name", env=ours) == "ours"
    assert g.text("config", "--get-regexp", r"^url\.", env=ours).endswith("/x")
    assert g.text("config", "core.hooksPath") == "/dev/null"


@pytest.mark.parametrize("count", ["2", "0002", "9" * 5000])
def test_settings_in_variables_of_which_one_is_missing_are_refused(
    count: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in in_variables([("user.name", "theirs")]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", count)
    with pytest.raises(g.GitError, match="the variable GIT_CONFIG_KEY_1 is missing") as caught:
        g.text("config", "user.name")
    assert "GIT_CONFIG_COUNT says" in caught.value.fix
    with pytest.raises(g.GitError, match="GIT_CONFIG_KEY_1"):
        quick.git("config", "user.name", repo="/")


def test_git_that_does_not_answer_is_stopped_with_its_helpers(tmp_path: Path) -> None:
    helper = tmp_path / "ssh"
    helper.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nsleep 60\n")
    helper.chmod(0o755)
    begin = time.monotonic()
    env = {"GIT_SSH_COMMAND": str(helper), "GIT_SSH_VARIANT": "simple"}
    with pytest.raises(g.GitError, match=r"git ls-remote did not answer within 0\.5 s") as caught:
        g.git("ls-remote", "ssh://host.invalid/x", env=env, timeout=0.5)
    assert "run the same again" in caught.value.fix
    assert time.monotonic() - begin < 10
    status = Path("/proc", (tmp_path / "pid").read_text().strip(), "status")
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() - begin < 10, "the helper goes on"
        time.sleep(0.02)


@pytest.mark.parametrize("lost", ["objects", "refs", "HEAD", "config", "objects/pack"])
def test_a_damaged_mirror_is_made_anew_and_the_users_own_repository_is_not_touched(
    world: World, remote: str, lost: str
) -> None:
    """Git takes a mirror without its parts for a plain folder, and goes up to what is around."""
    g.git("init", "--quiet", str(world.root))
    g.git("commit", "--quiet", "--allow-empty", "-m", "mine", repo=world.root, env=WHO)
    g.git("branch", "precious", repo=world.root)
    mine = g.lines("for-each-ref", repo=world.root)
    refs = remotes.ls(remote)
    mirror = remotes.mirror(world, "source", remote, refs)

    gone = mirror / lost
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()

    assert remotes.mirror(world, "source", remote, refs) == mirror
    assert g.text("show", f"{refs[MAIN]}:file", repo=mirror) == "2"
    assert g.lines("for-each-ref", repo=world.root) == mine


def test_a_spoilt_mirror_is_made_anew(world: World, remote: str) -> None:
    refs = remotes.ls(remote)
    mirror = remotes.mirror(world, "source", remote, refs)
    (mirror / "packed-refs").write_text("half a li")
    assert remotes.mirror(world, "source", remote, refs) == mirror
    assert g.text("show", f"{refs[MAIN]}:file", repo=mirror) == "2"


def test_a_push_from_a_lost_mirror_pushes_nothing_of_the_users_own(
    world: World, remote: str
) -> None:
    g.git("init", "--quiet", str(world.root))
    g.git("commit", "--quiet", "--allow-empty", "-m", "mine", repo=world.root, env=WHO)
    mine = g.text("rev-parse", "HEAD", repo=world.root)
    world.mirror("source").mkdir(parents=True)
    with pytest.raises(SlipwayError, match="could not be pushed"):
        remotes.push(world, "source", remote, "refs/heads/new", mine, "")
    assert "refs/heads/new" not in remotes.ls(remote)


def test_of_two_who_push_at_once_one_wins_and_the_other_is_told(
    world: World, remote: str, tmp_path: Path
) -> None:
    refs = remotes.ls(remote)
    mirror = remotes.mirror(world, "source", remote, refs)
    first, second = g.lines("rev-list", "--max-count=2", MAIN, repo=mirror)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tasks.kernel import paths, remotes\n"
        "from tasks.kernel.config import load\n"
        "from tasks.kernel.world import World\n"
        "world = World(load(paths.ROOT / 'pipeline.yml'), Path(sys.argv[1]))\n"
        "try:\n"
        "    remotes.push(world, 'source', sys.argv[2], sys.argv[3], sys.argv[4], '')\n"
        "except remotes.RefTaken:\n"
        "    sys.exit(7)\n"
    )
    root = Path(g.__file__).resolve().parents[2]
    for number in range(3):
        ref = f"refs/slipway/candidates/1.0.0-rc.{number}"
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(world.root), remote, ref, commit], cwd=root
            )
            for commit in (first, second)
        ]
        assert sorted(run.wait() for run in runs) == [0, 7]
        assert remotes.ls(remote)[ref] == (first if runs[0].returncode == 0 else second)


@pytest.mark.parametrize("fails", [False, True])
def test_a_checkout_is_gone_afterwards_and_one_of_a_killed_run_before(
    world: World, remote: str, fails: bool
) -> None:
    refs = remotes.ls(remote)
    remotes.mirror(world, "source", remote, refs)
    left = world.work("check:unit") / "tree"
    left.mkdir(parents=True)
    (left / "rubbish").write_text("of a killed run")
    try:
        with remotes.checkout(world, "source", refs[MAIN], "check:unit") as tree:
            assert sorted(path.name for path in tree.iterdir()) == [".git", "file"]
            if fails:
                raise RuntimeError
    except RuntimeError:
        assert fails
    assert not world.work("check:unit").exists()
