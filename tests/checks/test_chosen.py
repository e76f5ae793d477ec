"""`ref=`: a branch, a tag, a commit or a folder is judged instead of the head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.checks.passes import _MOST
from tasks.kernel import chosen, paths
from tasks.kernel import git as g
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tasks.kernel.world import World
from tests.checks.conftest import Declare, branch_off, on, says
from tests.rooms import Outside, head, look

SHOW = "print(1, open('server/main.py').read())"
NEW = {"server/main.py": "print('other')\n"}


@pytest.fixture
def branch(outside: Outside, world: World) -> str:
    branch_off(outside, "topic")
    commit = outside.commit("feat: other", NEW, branch="topic")
    g.git("tag", "v1", commit, repo=outside.source)
    g.git("tag", "-m", "annotated", "v2", commit, repo=outside.source,
          env=g.identity("A", "a@b.c", "1767225600 +0000"))  # fmt: skip
    g.git("update-ref", "refs/pull/7/head", commit, repo=outside.source)
    look(world)
    return commit


@pytest.mark.parametrize(
    "ref",
    ["topic", "v1", "v2", "refs/heads/topic", "refs/tags/v2", "refs/pull/7/head", "whole", "short"],
)
def test_branches_tags_and_commits(world: World, declare: Declare, branch: str, ref: str) -> None:
    ref = {"whole": branch, "short": branch[:9]}.get(ref, ref)
    subject = on(world, ref)
    assert subject.commit(world) == branch
    assert says(world, declare(SHOW), subject) == "1 print('other')"
    assert world.exists(paths.chosen_verdict("unit"))
    assert not world.exists(paths.verdict("unit"))
    assert head(world) != branch


def test_a_commit_of_no_branch_is_fetched(
    outside: Outside, world: World, declare: Declare, branch: str
) -> None:
    g.git("config", "uploadpack.allowAnySHA1InWant", "true", repo=outside.source)
    branch_off(outside, "gone")
    lost = outside.commit("feat: lost", {"server/main.py": "print('lost')\n"}, branch="gone")
    g.git("update-ref", "-d", "refs/heads/gone", repo=outside.source)
    assert says(world, declare(SHOW), on(world, lost)) == "1 print('lost')"


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("topics", "did you mean topic"),
        ("0000000", "no branch, tag or commit"),
        ("f" * 40, "no branch, tag or commit"),
        ("refs/heads/nothing", "no branch, tag or commit"),
        ("--upload-pack=x", "no branch, tag or commit"),
        ("topic^{tree}", "no branch, tag or commit"),
        ("./nowhere", "there is no such folder"),
    ],
)
def test_what_is_not_there(world: World, branch: str, ref: str, said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        on(world, ref)


def test_a_name_of_two_things_is_asked_about(outside: Outside, world: World, branch: str) -> None:
    g.git("tag", "topic", head(world), repo=outside.source)
    look(world)
    with pytest.raises(WrongUsage, match="and a tag at"):
        on(world, "topic")
    assert on(world, "refs/heads/topic").commit(world) == branch


def checkout(outside: Outside, to: Path) -> Path:
    g.git("clone", "--quiet", str(outside.source), str(to))
    return to


def test_a_checkout_is_judged_as_it_is(
    outside: Outside, world: World, declare: Declare, tmp_path: Path
) -> None:
    tree = checkout(outside, tmp_path / "mine")
    (tree / "server/main.py").write_text("print('uncommitted')\n")
    (tree / "server/script").write_text("")
    (tree / "server/script").chmod(0o755)
    (tree / "CHANGELOG.md").unlink()
    (tree / ".gitignore").write_text("ignored\n")
    (tree / "ignored").write_text("x")
    status = g.text("status", "--porcelain", repo=tree)
    code = (
        "import os; print(1, open('server/main.py').read().strip(), os.path.exists('ignored'),"
        " os.path.exists('CHANGELOG.md'), os.access('server/script', os.X_OK))"
    )
    subject = on(world, str(tree))
    assert says(world, declare(code), subject) == "1 print('uncommitted') False False True"
    assert g.text("status", "--porcelain", repo=tree) == status
    assert subject.told(world)["tip"] == head(world)
    assert on(world, str(tree)).commit(world) == subject.commit(world)  # the same once more


def test_a_checkout_with_commits_of_its_own_and_a_plain_folder(
    outside: Outside, world: World, declare: Declare, tmp_path: Path
) -> None:
    tree = checkout(outside, tmp_path / "mine")
    (tree / "server/main.py").write_text("print('mine')\n")
    who = g.identity("Ada", "ada@example.org", "1767225600 +0000")
    g.git("commit", "--quiet", "--all", "--message", "feat: mine", repo=tree, env=who)
    tip = g.text("rev-parse", "HEAD", repo=tree)
    subject = on(world, str(tree))
    assert subject.commit(world) == tip
    assert says(world, declare(SHOW), subject) == "1 print('mine')"
    (tree / ".git").rename(tmp_path / "away")
    subject = on(world, str(tree))
    assert says(world, declare(SHOW), subject).startswith("1 print('mine')")
    assert subject.told(world)["tip"] == head(world)


def test_a_shallow_checkout_does_not_spoil_the_mirror(
    outside: Outside, world: World, declare: Declare, tmp_path: Path
) -> None:
    outside.commit("feat: next", {"server/main.py": "print('next')\n"})
    tree = tmp_path / "shallow"
    g.git("clone", "--quiet", "--depth=1", f"file://{outside.source}", str(tree))
    assert says(world, declare(SHOW), on(world, str(tree))) == "1 print('next')"
    assert not (world.mirror("source") / "shallow").exists()
    look(world)


def test_where_the_command_was_typed_counts(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_CWD", str(tmp_path))
    assert chosen.folder(".") == tmp_path
    assert chosen.folder("./x") == tmp_path / "x"
    assert chosen.folder("/x") == Path("/x")
    assert chosen.folder("x") is None
    assert chosen.folder(".github") is None


def test_a_folder_that_is_something_else_is_told_so(world: World, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(SlipwayError, match="no file to check"):
        on(world, str(tmp_path / "x"))
    (tmp_path / "x/y").touch()
    with pytest.raises(SlipwayError, match="paths of input sets do not exist there"):
        on(world, str(tmp_path / "x"))


def test_the_same_tree_is_not_judged_twice(
    outside: Outside, world: World, declare: Declare, branch: str, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    check = declare(f"open({str(count)!r}, 'a').write('x'); print('ran 3')")
    says(world, check, on(world, "topic"))
    outside.merge_by_hand("topic")
    look(world)
    assert says(world, check) == f"ran 3  (the same tree, at {branch[:7]})"
    assert says(world, check) == says(world, check, on(world, "v1"))
    tree = checkout(outside, tmp_path / "mine")
    says(world, check, on(world, str(tree)))
    assert count.read_text() == "x"
    (tree / "server/main.py").write_text("print('more')\n")
    assert says(world, check, on(world, str(tree))) == "ran 3"
    # What it is called with is part of what passed, and what waits for it is not.
    world.config.checks["unit"] = replace(check, env={"A": "1"})
    assert says(world, world.config.checks["unit"]) == "ran 3"
    world.config.checks["unit"] = replace(check, env={"A": "1"}, guards=("candidate",))
    assert "same tree" in says(world, world.config.checks["unit"])
    assert count.read_text() == "xxx"


def test_a_no_is_judged_again_and_old_passes_are_forgotten(
    world: World, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = declare("raise SystemExit(1)")
    for _ in range(2):
        with pytest.raises(Failed):
            says(world, failing)
    assert _MOST > 10
    monkeypatch.setattr("tasks.checks.passes._MOST", 2)
    for number in range(4):
        says(world, declare(f"print({number})"))
    assert len(list(world.path("build/checks/unit/passed").iterdir())) == 2


def test_the_messages_of_a_branch_are_those_on_top_of_main(outside: Outside, world: World) -> None:
    rule = world.config.checks["messages"]
    outside.commit("Wrong on main", {"a": "1"})
    look(world)
    with pytest.raises(Failed):
        says(world, rule)
    # The branch left main where it was wrong already; only its own commits count.
    base = outside.commit("fix: on main", {"b": "1"})
    branch_off(outside, "second")
    outside.commit("feat: more", {"c": "1"}, branch="second")
    look(world)
    assert says(world, rule, on(world, "second")) == f"1 commit since main at {base[:7]}"
    assert says(world, rule, on(world, "main")) == f"0 commits since main at {base[:7]}"
    outside.commit("Bad one", {"c": "2"}, branch="second")
    look(world)
    with pytest.raises(Failed, match="1 of 2 commits since main at") as caught:
        says(world, rule, on(world, "second"))
    assert any(line.strip() == "^" or "^" in line for line in caught.value.detail)
