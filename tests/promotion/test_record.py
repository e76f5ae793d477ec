"""Record: one commit with exactly the state file, once, and pushed without losing anybody's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tasks.promotion.engine import config_at, desired, record_commit, records_at
from tasks.promotion.engine.commits import replay
from tasks.promotion.engine.repository import Repository

from .conftest import WHO, Deployments

PUSH = ("--reset-head", "--push", "--git-url", "unused", "--git-private-key", "unused")
STAGING = ".cepler/default/staging.state"


def test_one_commit_with_the_state_file_and_nothing_else(track: Deployments) -> None:
    track.write({"README": "staged", "production.yml": "edited"})
    track.git("add", "README")
    before = track.head
    said = track.cepler("record", "-e", "staging")
    assert (said.code, said.out) == (0, "")
    assert said.err.splitlines() == [
        "Recording current state",
        "Adding commit to repository to persist state",
    ]
    assert track.git("diff", "--name-only", before, "HEAD") == STAGING
    assert track.git("diff", "--cached", "--name-only") == "README"
    assert track.git("diff", "--name-only") == "production.yml"
    form = "%P|%an <%ae>|%cn <%ce>|%B"
    who = "Cepler <bot@cepler.io>"
    told = track.git("log", "-1", f"--format={form}").strip()
    assert told == f"{before}|{who}|{who}|ci(cepler): Updated 'staging' state"
    assert track.git("cat-file", "commit", "HEAD").endswith("state")  # no newline of git's own


def test_the_words_of_another_deployment(track: Deployments) -> None:
    track.commit("name", {"cepler.yml": "deployment: shop\n" + track.read("cepler.yml")})
    track.cepler("record", "-e", "staging")
    told = track.git("log", "-1", "--format=%s")
    assert told == "ci(cepler): Updated 'shop' state in 'staging'"
    assert track.record_of("staging", "shop").version == 1


def test_an_ignored_state_folder_is_committed_and_no_hook_runs(track: Deployments) -> None:
    track.commit("ignore", {".gitignore": ".cepler\n"})
    hook = track.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert track.cepler("record", "-e", "staging").code == 0
    assert track.git("ls-files", "--", STAGING) == STAGING


def test_what_lies_on_disk_is_what_is_recorded(track: Deployments) -> None:
    track.write({"app/a.yml": "edited", "app/untracked": "x"})
    (track.root / "app/b.yml").unlink()
    track.cepler("record", "-e", "staging", "--no-commit")
    state = track.record_of("staging").current
    edited, gone = state.files["{latest}/app/a.yml"], state.files["{latest}/app/b.yml"]
    assert edited.dirty
    assert edited.file_hash == track.git("hash-object", "app/a.yml")
    assert (gone.dirty, gone.file_hash) == (True, None)
    assert (state.any_dirty, state.head_commit) == (True, track.head)
    assert "{latest}/app/untracked" not in state.files
    track.git("checkout", "--", ".")
    assert track.cepler("check", "-e", "staging").err.splitlines() == [
        "File app/a.yml changed",
        "File app/b.yml was added",
    ]


def test_a_detached_head_moves_alone(track: Deployments) -> None:
    before = track.head
    track.git("checkout", "--quiet", "--detach")
    track.cepler("record", "-e", "staging")
    assert track.git("rev-parse", "main") == before
    assert track.git("rev-parse", "HEAD^") == before


def test_a_run_that_died_after_its_commit_is_finished_not_doubled(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    head = track.head
    (track.root / STAGING).unlink()  # as if killed between the commit and its file
    track.cepler("record", "-e", "staging")
    assert (track.head, track.record_of("staging").version) == (head, 1)
    assert track.git("status", "--porcelain") == ""


def test_other_files_of_the_state_folder_stay(track: Deployments) -> None:
    track.write({".cepler/default/NOTES": "x", ".cepler/default/sub/y": "z"})
    track.cepler("record", "-e", "staging")
    assert track.read(".cepler/default/NOTES") == "x"
    assert track.read(".cepler/default/sub/y") == "z"


def test_a_state_folder_that_is_a_link_is_refused(track: Deployments, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (track.root / ".cepler").symlink_to(tmp_path / "elsewhere")
    before = track.head
    said = track.cepler("record", "-e", "staging")
    assert (said.code, "is a link" in said.err) == (1, True)
    assert track.head == before
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_name_with_a_slash_is_refused(track: Deployments) -> None:
    track.write({"cepler.yml": "environments: {../x: {latest: [README]}}"})
    said = track.cepler("record", "-e", "../x")
    assert (said.code, "cannot be recorded" in said.err) == (1, True)


def test_a_record_on_a_bare_repository_equals_the_work_trees(
    track: Deployments, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    g.git("clone", "--quiet", "--bare", str(track.root), str(bare))
    config = config_at(bare, track.head)
    state = desired(bare, track.head, config, "staging")
    commit = record_commit(bare, track.head, "staging", state, config, who=WHO)
    assert record_commit(bare, track.head, "staging", state, config, who=WHO) == commit
    track.cepler("record", "-e", "staging")
    assert g.text("rev-parse", f"{commit}:{STAGING}", repo=bare) == track.git(
        "rev-parse", f"HEAD:{STAGING}"
    )
    assert g.text("diff", "--name-only", f"{commit}^", commit, repo=bare) == STAGING
    assert records_at(bare, commit, config)["staging"].version == 1


def test_push_puts_the_record_on_top_of_what_others_pushed(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, two, remote = pair
    two.commit("theirs", {"README": "theirs"})
    two.git("push", "--quiet", "origin", "main")
    said = one.cepler("record", "-e", "staging", *PUSH)
    assert (said.code, said.out) == (0, "")
    assert said.err.endswith("Pushing to remote\n")
    assert g.text("rev-parse", "main", repo=remote) == one.head
    assert one.git("rev-parse", "HEAD^") == two.head
    assert one.read("README") == "theirs"
    assert one.git("status", "--porcelain") == ""
    assert one.git("log", "-1", "--format=%ae %ce") == "bot@cepler.io bot@cepler.dev"


def test_nothing_left_to_push_is_fine(pair: tuple[Deployments, Deployments, Path]) -> None:
    one, two, remote = pair
    one.cepler("record", "-e", "staging", *PUSH)
    said = two.cepler("record", "-e", "staging", *PUSH)
    # The very same record: theirs is adopted.
    assert (said.code, "... there was nothing new to push" in said.err) == (0, True)
    assert two.head == one.head == g.text("rev-parse", "main", repo=remote)


def test_two_different_records_of_one_environment_are_never_dropped_silently(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, two, remote = pair
    one.cepler("record", "-e", "staging", *PUSH)
    two.write({"app/a.yml": "edited"})
    said = two.cepler("record", "-e", "staging", *PUSH)
    assert said.code == 1
    assert "somebody else recorded this environment" in said.err
    assert "git reset --hard" in said.err
    assert g.text("rev-parse", "main", repo=remote) == one.head
    assert two.git("log", "-1", "--format=%s") == "ci(cepler): Updated 'staging' state"


def test_a_push_that_the_server_refuses_is_an_error(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, _, remote = pair
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho this branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    said = one.cepler("record", "-e", "staging", *PUSH)
    assert said.code == 1
    assert "the remote refused the push" in said.err
    assert "this branch is protected" in said.err


def test_a_branch_that_the_remote_does_not_have(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, _, remote = pair
    g.git("update-ref", "refs/heads/a/other", "main", repo=remote)
    said = one.cepler("record", "-e", "staging", *PUSH, "--git-branch", "other")
    assert (said.code, "Couldn't resolve remote branch" in said.err) == (1, True)
    assert one.cepler("record", "-e", "staging", *PUSH, "--git-branch=--all").code == 1


def test_a_detached_head_is_pushed_and_a_branch_with_other_work_is_not_taken_over(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, two, remote = pair
    one.git("checkout", "--quiet", "--detach")
    assert one.cepler("record", "-e", "staging", *PUSH).code == 0
    assert one.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert g.text("rev-parse", "main", repo=remote) == one.head
    unpushed = two.commit("mine", {"README": "mine"})
    two.git("checkout", "--quiet", "--detach", "HEAD^")
    said = two.cepler("record", "-e", "qa", *PUSH)
    assert (said.code, "commits that nothing else has" in said.err) == (1, True)
    assert two.git("rev-parse", "main") == unpushed


def test_a_lost_race_is_run_again_on_what_the_winner_pushed(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, two, remote = pair
    theirs = two.commit("theirs", {"README": "theirs"})
    two.git("push", "--quiet", "origin", "main:refs/heads/parked")
    hook = remote / "hooks/update"  # between our fetch and the move of the branch, it moves
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\n[ -e raced ] && exit 0\n: > raced\ngit update-ref refs/heads/main {theirs}\n"
    )
    hook.chmod(0o755)
    assert one.cepler("record", "-e", "staging", *PUSH).code == 0
    assert (remote / "raced").exists()
    assert one.git("rev-parse", "HEAD^") == theirs
    assert g.text("rev-parse", "main", repo=remote) == one.head


def test_two_recorders_at_once_both_get_through(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, two, remote = pair
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tasks.promotion", "record", "-e", environment, *PUSH],
            cwd=tree.root, env={"PYTHONPATH": str(paths.ROOT), "PATH": "/usr/bin:/bin"},
            stderr=subprocess.PIPE,
        )
        for tree, environment in ((one, "staging"), (two, "qa"))
    ]  # fmt: skip
    told = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    log = g.lines("log", "--format=%s", "-2", "main", repo=remote)
    assert sorted(log) == ["ci(cepler): Updated 'qa' state", "ci(cepler): Updated 'staging' state"]
    assert g.returncode("cat-file", "-e", f"main:{STAGING}", repo=remote) == 0


def test_two_recorders_in_one_work_tree_wait_for_each_other(track: Deployments) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tasks.promotion", "record", "-e", environment],
            cwd=track.root, env={"PYTHONPATH": str(paths.ROOT), "PATH": "/usr/bin:/bin"},
        )
        for environment in ("staging", "production", "staging", "qa")
    ]  # fmt: skip
    assert [process.wait(60) for process in running] == [0] * 4
    assert track.record_of("staging").version == 2
    assert track.git("rev-list", "--count", "HEAD") == "5"
    assert track.git("status", "--porcelain") == ""


def test_commits_of_people_are_put_on_top_with_their_author_and_merged(
    track: Deployments,
) -> None:
    text = "".join(f"line {n}\n" for n in range(9))
    base = track.commit("text", {"text": text, "gone": "x"})
    theirs = track.commit("theirs", {"text": text.replace("line 0", "theirs")})
    track.git("reset", "--quiet", "--hard", base)
    (track.root / "gone").unlink()
    mine = track.commit("mine\n\nbody", {"text": text.replace("line 8", "mine"), "new": "y"})
    repository = Repository(track.root)
    done = replay(repository, mine, theirs)
    assert done.made == 1
    assert track.git("rev-parse", f"{done.head}^") == theirs
    merged = text.replace("line 0", "theirs").replace("line 8", "mine")
    assert track.git("show", f"{done.head}:text") == merged.rstrip("\n")
    assert track.git("diff", "--name-status", theirs, done.head) == "D\tgone\nA\tnew\nM\ttext"
    assert track.git("log", "-1", "--format=%an|%B", done.head).strip() == "Ada|mine\n\nbody"
    assert replay(repository, done.head, done.head).made == 0
    track.git("reset", "--quiet", "--hard", base)
    other = track.commit("other", {"text": text.replace("line 0", "other")})
    with pytest.raises(SlipwayError, match="the commits conflict"):
        replay(repository, other, theirs)
