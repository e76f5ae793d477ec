"""Git's answers without `subprocess`: the same as the full way gives, begun early or not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import quick
from tasks.kernel.gitwords import GitError
from tests.project import ROOT


@pytest.fixture
def repo(tmp_path: Path) -> str:
    place = str(tmp_path / "shop.git")
    g.git("init", "--quiet", "--bare", place)
    return place


def _started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the commands of the processes that are started kept."""
    words: list[str] = []
    spawn = os.posix_spawnp

    def counted(path: str, argv: list[str], env: dict[str, str], **how: object) -> int:
        words.append(argv[-1])
        return spawn(path, argv, env, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "posix_spawnp", counted)
    return words


def test_it_says_what_git_says(repo: str) -> None:
    for words in (("rev-parse", "--is-bare-repository"), ("for-each-ref",), ("version",)):
        assert quick.git(*words, repo=repo) == g.git(*words, repo=repo)


def test_it_is_given_what_it_reads(repo: str) -> None:
    blob = quick.git("hash-object", "-w", "--stdin", repo=repo, stdin=b"x" * 300_000)
    assert quick.git("cat-file", "blob", blob.decode().strip(), repo=repo) == b"x" * 300_000


def test_what_was_begun_is_not_started_again(repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started = _started(monkeypatch)
    quick.begin(repo, "rev-parse", "--git-dir")
    assert quick.git("rev-parse", "--git-dir", repo=Path(repo)) == b".\n"
    assert started == ["--git-dir"]
    quick.git("rev-parse", "--git-dir", repo=repo)
    assert started == ["--git-dir"] * 2


def test_an_exit_code_may_be_an_answer(repo: str) -> None:
    assert quick.git("show-ref", repo=repo, ok=(0, 1)) == b""


def test_what_goes_wrong_is_told_with_gits_own_words(repo: str, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="Needed a single revision"):
        quick.git("rev-parse", "--verify", "nowhere", repo=repo)
    with pytest.raises(GitError, match=r"cannot change to .*none"):
        quick.git("rev-parse", "HEAD", repo=tmp_path / "none")


def test_a_system_without_files_in_memory_is_asked_in_full(
    repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    started = _started(monkeypatch)
    quick.begin(repo, "rev-parse", "--git-dir")
    assert quick.git("rev-parse", "--git-dir", repo=repo) == b".\n"
    assert started == []


def test_no_git_at_all_is_told(repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed"):
        quick.git("version", repo=repo)


def test_it_gets_no_secrets(repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_FORGE_TOKEN", "hush-hush")
    said = quick.git("-c", "alias.told=!env", "told", repo=repo)
    assert b"GIT_TERMINAL_PROMPT=0" in said
    assert b"hush-hush" not in said


@pytest.mark.parametrize("module", ["tasks.version.__main__", "tasks.version.history"])
def test_a_quick_command_imports_nothing_slow(module: str) -> None:
    slow = ("subprocess", "pathlib", "argparse", "dataclasses", "tasks.kernel.git", "sh")
    asked = f"import {module}, sys; print([n for n in {slow} if n in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
