"""`python -m tasks.version next`, as a shell sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel.git import git

from .repository import Repository

_TREE = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tasks.version", *arguments]
    return subprocess.run(command, cwd=_TREE, capture_output=True, text=True, check=False)


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "source")
    made.commit("feat: a\n")
    made.tag("v1.0.0")
    made.commit("feat: b\n", cog__toml='tag_prefix = "v"\n')
    return made


def test_it_prints_the_version_and_nothing_else(repo: Repository, tmp_path: Path) -> None:
    for folder in (repo.folder, repo.bare(tmp_path / "bare.git")):
        done = run("next", "--repo", str(folder))
        assert (done.returncode, done.stdout, done.stderr) == (0, "1.1.0-rc.1\n", "")
        done = run("next", "--repo", str(folder), "--final")
        assert (done.returncode, done.stdout, done.stderr) == (0, "1.1.0\n", "")


def test_git_is_started_four_times_and_what_is_begun_early_is_used(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    real = shutil.which("git")
    shim.write_text(f'#!/bin/sh\necho >> {tmp_path}/count\nexec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    assert run("next", "--repo", str(repo.folder)).stdout == "1.1.0-rc.1\n"
    assert (tmp_path / "count").read_text() == "\n" * 4


@pytest.mark.parametrize("form", [["--repo={}"], ["--rep", "{}"], ["--repo", "{}", "--ref=HEAD"]])
def test_the_unusual_ways_to_write_it_mean_the_same(repo: Repository, form: list[str]) -> None:
    done = run("next", *(word.format(repo.folder) for word in form))
    assert (done.returncode, done.stdout) == (0, "1.1.0-rc.1\n")


def test_nobody_reading_is_no_traceback(repo: Repository) -> None:
    command = [sys.executable, "-m", "tasks.version", "next", "--repo", str(repo.folder)]
    ours, theirs = os.pipe()
    os.close(ours)
    with subprocess.Popen(command, cwd=_TREE, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        assert process.communicate()[1] == b""
    assert process.returncode == 1


def test_an_answer_that_cannot_be_written_is_no_success(repo: Repository) -> None:
    command = [sys.executable, "-m", "tasks.version", "next", "--repo", str(repo.folder)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=_TREE, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    said = "the version could not be printed: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        cwd=_TREE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (closed.returncode, "Traceback" in closed.stderr) == (1, False)


@pytest.mark.parametrize("words", [["--repo", ""], ["--repo="]])
def test_no_repository_is_not_the_one_that_we_are_in(words: list[str]) -> None:
    done = run("next", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no repository is named" in done.stderr


def test_a_missing_git_is_what_is_told(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("next", "--repo", str(repo.folder))
    assert done.returncode == 1
    assert "git is not installed" in done.stderr.splitlines()[0]


def test_it_answers_for_any_ref_with_the_rules_of_that_commit(repo: Repository) -> None:
    done = run("next", "--repo", str(repo.folder), "--ref", "HEAD~1")
    # Without the prefix of the next commit, v1.0.0 is no version there.
    assert (done.returncode, done.stdout) == (0, "0.1.0-rc.1\n")


def test_a_candidate_on_the_head_is_followed_by_the_next_number(repo: Repository) -> None:
    repo.tag("v1.1.0-rc.1")
    assert run("next", "--repo", str(repo.folder)).stdout == "1.1.0-rc.2\n"
    assert run("next", "--repo", str(repo.folder), "--final").stdout == "1.1.0\n"


def test_nothing_to_release_is_2_with_a_reason(repo: Repository) -> None:
    repo.tag("v1.1.0")
    repo.commit("docs: c\n")
    done = run("next", "--repo", str(repo.folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "nothing to release: no commit since 1.1.0 asks for a release: there is only docs\n"
    )


def test_no_counting_commit_is_an_error(repo: Repository) -> None:
    repo.tag("v1.1.0")
    repo.commit("whatever\n")
    done = run("next", "--repo", str(repo.folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no commit since 1.1.0 counts for a version" in done.stderr


def test_a_broken_cog_toml_is_1_with_its_line(repo: Repository) -> None:
    head = repo.commit("fix: c\n", cog__toml="a = 1\ntag_prefix = \n")
    done = run("next", "--repo", str(repo.folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{head[:10]}:cog.toml:2: not valid TOML")


def test_a_folder_that_is_no_repository_is_1(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        done = run("next", "--repo", str(folder))
        assert (done.returncode, done.stdout) == (1, "")
        assert "not a git repository" in done.stderr


def test_a_shallow_clone_is_1_and_says_what_to_type(repo: Repository, tmp_path: Path) -> None:
    git("clone", "--quiet", "--depth=1", repo.folder.as_uri(), str(tmp_path / "shallow"))
    done = run("next", "--repo", str(tmp_path / "shallow"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "git fetch --unshallow" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["next", "--nonsense"], ["next", "--ref"], ["next", "--ref=-x"], ["next", "--ref", "no"]],
)
def test_wrong_usage_is_1_too_since_2_has_a_meaning(repo: Repository, arguments: list[str]) -> None:
    done = run(*arguments, *(["--repo", str(repo.folder)] if arguments else []))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr
    assert "Traceback" not in done.stderr
