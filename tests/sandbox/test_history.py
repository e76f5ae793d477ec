"""The history file: what it may say, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import git
from tasks.kernel.errors import WrongUsage
from tasks.sandbox.history import read
from tasks.sandbox.replay import Made, play, refs, since
from tasks.sandbox.trees import Blob, listing, tree_id

HEAD = "authors: {ada: Ada <ada@example.org>}\nsource:\n"
SEED = {"a": Blob(b"final a"), "dir/b": Blob(b"final b", executable=True), "c": Blob(b"rest")}


def commit(message: str, more: str = "") -> str:
    return f'- {{message: "{message}", by: ada, at: "2026-01-01T00:00:00+00:00", {more}}}\n'


def played(*commits: str) -> list[Made]:
    return play(read(HEAD + "".join(commits), "source", "history.yml"), SEED)


def contents(made: Made) -> dict[str, bytes]:
    return {path: blob.content for path, blob in made.tree.items()}


def test_a_commit_takes_files_and_folders_to_their_final_form() -> None:
    made = played(commit("one", "takes: [a]"), commit("two", "takes: [dir/]"), commit("three"))
    assert [sorted(one.tree) for one in made] == [["a"], ["a", "dir/b"], ["a", "c", "dir/b"]]


def test_what_had_another_form_is_written_out_and_keeps_its_mode() -> None:
    made = played(commit("one", 'writes: {dir/b: "old", gone: "x"}'), commit("two"))
    assert contents(made[0]) == {"dir/b": b"old", "gone": b"x"}
    assert made[0].tree["dir/b"].executable


def test_the_last_commit_on_main_has_the_seeds_tree_whatever_came_before() -> None:
    made = played(
        commit("one", 'writes: {gone: "x"}'),
        commit("two"),
        commit("counter", 'on: version, orphan: "yes", writes: {version: "1"}'),
    )
    assert made[1].tree == SEED
    assert contents(made[2]) == {"version": b"1"}
    assert made[2].parents == ()


def test_a_merge_brings_what_the_side_branch_changed_and_ends_it() -> None:
    made = played(
        commit("root", 'writes: {a: "old", x: "1"}'),
        commit("side", "on: side, takes: [a]"),
        commit("main", 'writes: {x: "2"}'),
        commit("merge", "merge: side"),
        commit("last"),
    )
    assert made[3].parents == (2, 1)
    assert contents(made[3]) == {"a": b"final a", "x": b"2"}
    assert refs(made) == {"refs/heads/main": 4}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "not YAML"),
        ("authors: {}", "no commits"),
        ("source: []", "no map of authors"),
        (HEAD + "- 5\n", r"source\[0\]: a commit is a map"),
        (HEAD + commit("x", "take: [a]"), r"source\[0\]: unknown: take; known: at, by"),
        (HEAD + "- {message: x, by: ada}\n", "missing: at"),
        (HEAD + "- {message: x, by: bob, at: y}\n", "'bob' is not one of the authors"),
        (HEAD + "- {message: x, by: ada, at: 2026-01-01T00:00:00}\n", "not a time with a zone"),
        (HEAD + commit("x", "takes: a"), "takes and tags are lists"),
        (HEAD + commit("x", "merge: side"), "no side branch"),
        (HEAD + commit("x", 'on: "--all"'), "no name for a branch"),
        (HEAD + commit("x", 'tags: ["a..b"]'), "no name for a branch or a tag"),
        (HEAD + commit("x", "on: side"), "begins on main"),
        (HEAD + commit("x", "tags: [t]") + commit("y", "tags: [t]"), "stands twice: t"),
        (HEAD.replace("Ada <ada@example.org>", "Ada") + commit("x"), "Name <address>"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says) as caught:
        read(text, "source", "history.yml")
    assert "history.yml" in caught.value.where


def test_a_changelog_is_cut_at_a_section() -> None:
    changelog = b"## [2.0.0] - x\n\n- b\n\n## [1.0.0] - x\n\n- a\n"
    assert since(changelog, "1.0.0") == b"## [1.0.0] - x\n\n- a\n"
    with pytest.raises(WrongUsage, match=r"no section 3\.0\.0"):
        since(changelog, "3.0.0")


def test_tree_ids_are_gits_own(tmp_path: Path) -> None:
    """Names that sort differently as files and as folders are what goes wrong first."""
    files = ["a.b", "a/x", "a0", "a-b/y", "lib/z", "lib.py", "ümlaut/ß", "deep/er/est/f"]
    for number, name in enumerate(files):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
        file.chmod(0o755 if number % 2 else 0o644)
    git.git("init", "--quiet", repo=tmp_path)
    git.git("add", "--all", repo=tmp_path)
    tree = {name: Blob(name.encode(), bool(n % 2)) for n, name in enumerate(files)}
    assert tree_id(listing(tree)) == git.text("write-tree", repo=tmp_path)
