"""Git: nobody's settings but ours, no ref is an option, and refs move by compare-and-swap only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths, remotes
from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import World

WHO = g.identity("Ada", "ada@example.org", "1767225600 +0000")


def _commit(tree: Path, message: str, **files: str) -> str:
    for name, content in files.items():
        (tree / name).write_text(content)
    g.git("add", "--all", repo=tree)
    g.git("commit", "--quiet", "--allow-empty", "-m", message, repo=tree, env=WHO)
    return g.text("rev-parse", "HEAD", repo=tree)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    g.git("init", "--quiet", str(tree))
    _commit(tree, "one", file="1")
    return tree


@pytest.fixture
def remote(tmp_path: Path, tree: Path) -> str:
    bare = tmp_path / "remote.git"
    g.git("clone", "--quiet", "--bare", str(tree), str(bare))
    return str(bare)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    config = load(paths.ROOT / "pipeline.yml")
    monkeypatch.setattr(paths, "ROOT", tmp_path / "root")
    (tmp_path / "root").mkdir()
    return World(config)


def _mirror(world: World, remote: str) -> Path:
    return remotes.mirror(world, "source", remote, remotes.ls(remote))


def test_a_persons_settings_and_hooks_change_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "somebody"
    (home / "hooks").mkdir(parents=True)
    (home / "hooks/pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (home / "hooks/pre-commit").chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {home}/hooks\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n"
        "[user]\n\tname = Somebody\n\temail = s@example.org\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent")
    commit = _commit(tree, "two", file="a\r\nb\n")
    assert g.git("cat-file", "blob", f"{commit}:file", repo=tree) == b"a\r\nb\n"
    assert g.text("log", "-1", "--format=%an", repo=tree) == "Ada"


def test_a_commit_without_a_name_is_an_error_not_somebody(tree: Path) -> None:
    with pytest.raises(g.GitError):
        g.git("commit", "--quiet", "--allow-empty", "-m", "x", repo=tree)


def test_an_error_has_gits_words_and_the_place(tree: Path) -> None:
    with pytest.raises(g.GitError, match="git cat-file in ") as caught:
        g.git("cat-file", "blob", "HEAD:none", repo=tree)
    assert caught.value.returncode == 128


def test_refs_are_told_with_the_commit_of_annotated_tags(tree: Path, remote: str) -> None:
    commit = g.text("rev-parse", "HEAD", repo=tree)
    g.git("tag", "-a", "-m", "x", "1.0.0", repo=remote, env=WHO)
    assert remotes.ls(remote) == {"refs/heads/main": commit, "refs/tags/1.0.0": commit}


@pytest.mark.parametrize("where", ["--upload-pack=touch pwned", "ext::touch pwned", "-v"])
def test_a_hostile_address_runs_nothing(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SlipwayError):
        remotes.ls(where)
    assert not (tmp_path / "pwned").exists()


def test_the_mirror_follows_what_was_deleted_and_what_was_rewritten(
    world: World, tree: Path, remote: str
) -> None:
    g.git("branch", "old", "main", repo=remote)
    assert "refs/heads/old" in g.text("for-each-ref", repo=_mirror(world, remote))
    g.git("branch", "-D", "old", repo=remote)
    g.git("commit", "--quiet", "--amend", "-m", "other", repo=tree, env=WHO)
    g.git("push", "--quiet", "--force", remote, "main", repo=tree)
    mirror = _mirror(world, remote)
    assert "refs/heads/old" not in g.text("for-each-ref", repo=mirror)
    assert g.text("rev-parse", "main", repo=mirror) == g.text("rev-parse", "main", repo=remote)


def test_a_lost_mirror_is_made_anew(world: World, remote: str) -> None:
    shutil.rmtree(_mirror(world, remote))
    assert g.text("rev-parse", "main", repo=_mirror(world, remote))


def test_a_ref_is_created_once(world: World, tree: Path, remote: str) -> None:
    first = g.text("rev-parse", "main", repo=_mirror(world, remote))
    second = _commit(tree, "two", file="2")
    g.git("push", "--quiet", remote, "main", repo=tree)
    _mirror(world, remote)
    remotes.push(world, "source", remote, "refs/tags/1.0.0", first, "")
    remotes.push(world, "source", remote, "refs/tags/1.0.0", first, "")  # the very same: adopted
    with pytest.raises(remotes.RefTaken, match="expected free"):
        remotes.push(world, "source", remote, "refs/tags/1.0.0", second, "")
    assert remotes.ls(remote)["refs/tags/1.0.0"] == first


def test_a_ref_moves_only_from_where_it_was_seen(world: World, tree: Path, remote: str) -> None:
    first = g.text("rev-parse", "main", repo=_mirror(world, remote))
    second = _commit(tree, "two", file="2")
    g.git("push", "--quiet", remote, "main:refs/heads/keep", repo=tree)
    _mirror(world, remote)
    remotes.push(world, "source", remote, "refs/heads/bot", first, "")
    remotes.push(world, "source", remote, "refs/heads/bot", second, first)
    with pytest.raises(remotes.RefTaken):
        remotes.push(world, "source", remote, "refs/heads/bot", first, first)
    with pytest.raises(SlipwayError, match="not a full ref name"):
        remotes.push(world, "source", remote, "--mirror", first, "")


def test_a_checkout_is_clean_has_its_history_and_is_gone(
    world: World, tree: Path, remote: str
) -> None:
    commit = g.text("rev-parse", "main", repo=_mirror(world, remote))
    with remotes.checkout(world, "source", commit, "check:unit") as folder:
        assert (folder / "file").read_text() == "1"
        assert g.text("log", "--format=%s", repo=folder) == "one"
        assert g.lines("status", "--porcelain", repo=folder) == []
    assert not world.work("check:unit").exists()


def test_an_export_has_files_only_and_refuses_what_is_no_folder(
    world: World, tree: Path, remote: str, tmp_path: Path
) -> None:
    (tree / "app").mkdir()
    (tree / "app/run").write_text("x")
    (tree / "app/run").chmod(0o755)
    (tree / "link").symlink_to("app")
    (tree / ".gitattributes").write_text("run export-ignore\n")
    commit = _commit(tree, "two")
    g.git("push", "--quiet", remote, "main", repo=tree)
    _mirror(world, remote)
    remotes.export(world, "source", commit, "app", tmp_path / "out")
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["run"]
    assert (tmp_path / "out/run").stat().st_mode & 0o100
    remotes.export(world, "source", commit, ".", tmp_path / "all")
    assert (tmp_path / "all/app/run").exists()
    for path, why in (("link", "is not a folder"), ("file", "is not"), ("none", "does not exist")):
        with pytest.raises(SlipwayError, match=why):
            remotes.export(world, "source", commit, path, tmp_path / "no")


def test_the_same_files_make_the_same_commit(world: World, remote: str) -> None:
    parent = g.text("rev-parse", "main", repo=_mirror(world, remote))
    made = {
        remotes.commit_files(world, "source", parent, {"a/b": b"x"}, "feat: b", WHO)
        for _ in range(2)
    }
    [commit] = made
    assert g.lines("ls-tree", "-r", "--name-only", commit, repo=world.mirror("source")) == [
        "a/b",
        "file",
    ]
