"""A record that is pushed while files here are staged, or new and in its way: they stay."""

from __future__ import annotations

from pathlib import Path

from tasks.kernel import git as g

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
