"""A record that is pushed while files here are staged, or new and in its way: they stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import git as g
from tasks.promotion.engine import landing
from tasks.promotion.engine.repository import Repository

from .conftest import Deployments, Said

Pair = tuple[Deployments, Deployments, Path]


def _pushed(tree: Deployments, *more: str) -> Said:
    words = ("record", "-e", "staging", *more, "--push", "--git-url", "x")
    return tree.cepler(*words, "--git-private-key", "x")


def test_a_staged_file_that_the_remote_has_changed_too(pair: Pair) -> None:
    one, two, remote = pair
    two.commit("theirs", {"README": "theirs", "docs/new": "n", "qa.yml": "q 2"})
    two.git("push", "--quiet", "origin", "main")
    one.write({"README": "staged"})
    one.git("add", "README")
    said = _pushed(one, "--reset-head")
    assert (said.code, said.out) == (0, "")
    assert "warning: README is staged here and was changed on the remote" in said.err
    assert one.head == g.text("rev-parse", "main", repo=remote)
    assert one.git("log", "--format=%s", "-2").split("\n")[1] == "theirs"
    assert one.git("cat-file", "blob", ":README") == "staged"
    # What was on disk was the head's, so the remote's takes its place.
    assert [one.read(name) for name in ("README", "docs/new", "qa.yml")] == ["theirs", "n", "q 2"]
    assert one.git("diff", "--cached", "--name-only") == "README"
    one.git("reset", "--quiet", "--hard")
    assert one.git("status", "--short") == ""
    assert one.cepler("check", "-e", "staging").code == 2


def test_new_files_stay_and_show_as_changes(pair: Pair) -> None:
    one, two, remote = pair
    two.commit("theirs", {"README": "theirs", "docs": "a file", "notes/x": "x", "qa.yml": "q 2"})
    two.git("rm", "--quiet", "production.yml")
    two.commit("gone")
    two.git("push", "--quiet", "origin", "main")
    one.write({"README": "edited", "docs/mine": "m", "notes/x": "mine"})
    said = _pushed(one, "--reset-head")
    assert said.code == 0, said.err
    for path in ("docs", "notes/x"):
        assert f"warning: {path} was changed here and on the remote" in said.err
    assert one.head == g.text("rev-parse", "main", repo=remote)
    assert [one.read(name) for name in ("README", "docs/mine", "notes/x", "qa.yml")] == [
        "theirs", "m", "mine", "q 2",
    ]  # fmt: skip
    assert not (one.root / "production.yml").exists()  # nobody here has touched it
    assert one.git("diff", "--cached", "--name-only") == ""
    assert one.git("diff", "--name-only").split() == ["docs", "notes/x"]


def test_an_index_that_is_locked_keeps_back_the_work_tree_and_not_the_push(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, remote = pair
    two.commit("theirs", {"README": "theirs"})
    two.git("push", "--quiet", "origin", "main")
    one.commit("mine", {"app/a.yml": "mine"})
    lock = one.root / ".git/index.lock"
    land = landing.land

    def locked(*args: Any) -> None:
        lock.touch()
        land(*args)

    with monkeypatch.context() as patch:
        patch.setattr(landing, "land", locked)
        said = _pushed(one, "--reset-head")
    lock.unlink()
    assert (said.code, one.read("README")) == (0, "hello")
    pushed = g.text("rev-parse", "main", repo=remote)
    assert one.head != pushed
    assert "warning: it is pushed, but the work tree could not be brought along" in said.err
    assert f"git update-index -q --refresh; git reset --keep {pushed} does it" in said.err
    one.git("update-index", "-q", "--refresh")
    one.git("reset", "--keep", pushed)
    assert (one.git("status", "--short"), one.read("README")) == ("", "theirs")


def test_a_file_that_is_staged_as_the_remote_has_it_is_written(pair: Pair) -> None:
    one, two, _ = pair
    two.commit("theirs", {"app/b.yml": "theirs", "conf/x": "x"})
    two.git("rm", "--quiet", "README")
    two.commit("a folder", {"README/part": "p"})
    two.git("push", "--quiet", "origin", "main")
    one.write({"app/b.yml": "theirs"})
    one.git("add", "app/b.yml")
    said = _pushed(one, "--reset-head")
    assert (said.code, "warning" in said.err) == (0, False)
    assert [one.read(name) for name in ("app/b.yml", "README/part")] == ["theirs", "p"]
    assert one.git("status", "--short") == ""


def test_a_file_that_is_staged_as_the_remote_has_it_and_edited_again_is_named(pair: Pair) -> None:
    one, two, _ = pair
    two.commit("theirs", {"README": "theirs"})
    two.git("push", "--quiet", "origin", "main")
    one.write({"README": "theirs"})
    one.git("add", "README")
    one.write({"README": "edited again"})
    one.git("fetch", "--quiet")
    said: list[str] = []
    new = one.git("rev-parse", "origin/main")
    landing.land(Repository(one.root), "main", one.head, new, said.append)
    assert (one.head, one.read("README")) == (new, "edited again")
    assert said == ["warning: README was changed here and on the remote: yours is kept"]


def test_what_a_sparse_checkout_leaves_out_is_no_change(pair: Pair) -> None:
    one, two, _ = pair
    one.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs", "!/README")
    two.commit("theirs", {"README": "theirs", "docs/new": "n", "qa.yml": "q 2"})
    two.git("push", "--quiet", "origin", "main")
    one.git("fetch", "--quiet")
    said: list[str] = []
    landing.land(
        Repository(one.root), "main", one.head, one.git("rev-parse", "origin/main"), said.append
    )
    assert (said, one.git("status", "--short"), one.read("qa.yml")) == ([], "", "q 2")
    assert not (one.root / "README").exists()
