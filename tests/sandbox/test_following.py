"""An edit of a seed becomes one commit on main, whatever main has become meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.kernel import git
from tasks.kernel.errors import SlipwayError
from tasks.sandbox.repository import commit_change
from tests.sandbox.worlds import World

WHO, WHEN = "Ada <ada@example.org>", "1770000000 +0000"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A small world whose remote has been made."""
    world = World.small(tmp_path)
    world.sync()
    return world


def push(world: World, files: dict[str, bytes | None]) -> str:
    """Let somebody else change main."""
    return commit_change(world.remote, "main", "feat: news", files, author=WHO, date=WHEN)


def lines(world: World, **changed: str) -> str:
    """Return shop.py with some lines changed, `l3="x"` for the third."""
    rows = (world.seed / "shop.py").read_text().splitlines(keepends=True)
    for name, text in changed.items():
        rows[int(name[1:]) - 1] = f"{text}\n"
    return "".join(rows)


def test_one_edit_is_one_commit_with_that_file(world: World) -> None:
    before = world.log("--format=%H")
    world.edit("shop.py", lines(world, l3="third"))
    done = world.sync()
    assert done.changed == ["shop.py"]
    assert world.log("--format=%H")[1:] == before
    assert world.log("-1", "--format=%s", "--name-only") == [
        "fix(sandbox): take over edits of shop.py",
        "",
        "shop.py",
    ]
    assert world.log("-1", "--format=%H") == [done.commit]
    assert world.sync().commit is None


def test_many_edits_are_one_commit_too(world: World) -> None:
    for name in ("a", "b", "c"):
        world.edit(f"docs/{name}.md", name)
    (world.seed / "docs" / "one.md").unlink()
    world.sync()
    assert world.log("-1", "--format=%B") == [
        "fix(sandbox): take over edits of docs/a.md, docs/b.md and 2 more",
        "",
        *(f"- docs/{name}.md" for name in ("a", "b", "c", "one")),
        "",
    ]
    assert git.lines("ls-tree", "-r", "--name-only", "main", "docs/", repo=world.remote) == [
        f"docs/{name}.md" for name in ("a", "b", "c")
    ]


def test_the_same_edit_makes_the_same_commit_everywhere(tmp_path: Path) -> None:
    ids = set()
    for name in ("one", "two"):
        world = World.small(tmp_path / name)
        world.sync()
        world.edit("shop.py", "new\n")
        ids.add(world.sync().commit)
    assert len(ids) == 1


def test_what_others_pushed_meanwhile_stays(world: World) -> None:
    push(world, {"CHANGELOG.md": b"news\n", "docs/one.md": b"theirs\n"})
    world.edit("prices.txt", "4\n")
    assert world.sync().changed == ["prices.txt"]
    assert world.show("docs/one.md") == "theirs\n"
    assert world.show("CHANGELOG.md") == "news\n"


def test_edits_of_both_sides_in_one_file_are_merged(world: World) -> None:
    push(world, {"shop.py": lines(world, l18="theirs").encode()})
    world.edit("shop.py", lines(world, l2="ours"))
    world.sync()
    assert world.show("shop.py") == lines(world, l2="ours", l18="theirs")


def test_a_conflict_is_refused_and_names_file_and_sides(world: World) -> None:
    push(world, {"shop.py": lines(world, l5="theirs").encode()})
    world.edit("shop.py", lines(world, l5="ours"))
    world.edit("prices.txt", "all new\n")
    before = world.refs()
    with pytest.raises(SlipwayError) as caught:
        world.sync()
    told = str(caught.value)
    for part in ("shop.py", "sandbox/source", "main of", "source.git", "theirs", "ours"):
        assert part in told
    assert world.refs() == before
    world.edit("shop.py", lines(world, l5="theirs"))
    assert world.sync().changed == ["prices.txt"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (None, "edited\n"),  # taken away there, edited here
        (b"edited\n", None),  # edited there, taken away here
    ],
)
def test_an_edit_of_what_the_other_side_took_away_is_a_conflict(
    world: World, theirs: bytes | None, ours: str | None
) -> None:
    push(world, {"docs/one.md": theirs})
    if ours is None:
        (world.seed / "docs" / "one.md").unlink()
    else:
        world.edit("docs/one.md", ours)
    with pytest.raises(SlipwayError, match=r"docs/one\.md was edited in") as caught:
        world.sync()
    assert any("taken away in" in line for line in caught.value.detail)


def test_a_file_that_became_a_folder_on_the_other_side_is_a_conflict(world: World) -> None:
    push(world, {"extra/deep.txt": b"theirs\n"})
    world.edit("extra", "ours\n")
    with pytest.raises(SlipwayError, match="as a folder"):
        world.sync()


def test_a_file_may_become_a_folder_and_back(world: World) -> None:
    (world.seed / "prices.txt").unlink()
    world.edit("prices.txt/low", "1\n")
    world.sync()
    assert world.show("prices.txt/low") == "1\n"
    (world.seed / "prices.txt" / "low").unlink()
    (world.seed / "prices.txt").rmdir()
    world.edit("prices.txt", "2\n")
    world.sync()
    assert world.show("prices.txt") == "2\n"


def test_binary_files_that_both_changed_are_a_conflict(world: World) -> None:
    world.edit("logo", "\0one")
    world.sync()
    push(world, {"logo": b"\0two"})
    world.edit("logo", "\0three")
    with pytest.raises(SlipwayError, match="logo was edited"):
        world.sync()


def test_an_edit_that_main_has_already_needs_no_commit(world: World) -> None:
    """So a kill between the commit and the remembered seed is made good."""
    push(world, {"shop.py": b"the same\n"})
    world.edit("shop.py", "the same\n")
    head = world.log("-1", "--format=%H")
    done = world.sync()
    assert (done.commit, done.changed) == (None, [])
    assert world.log("-1", "--format=%H") == head


def test_an_edit_that_is_taken_back_is_taken_back_in_the_remote(world: World) -> None:
    text = (world.seed / "shop.py").read_text()
    world.edit("shop.py", "other\n")
    world.sync()
    world.edit("shop.py", text)
    world.sync()
    assert world.show("shop.py") == text


def test_of_all_modes_only_the_owners_right_to_execute_counts(world: World) -> None:
    file = world.seed / "shop.py"
    for mode in (0o600, 0o666, 0o655):
        file.chmod(mode)
        assert world.sync().commit is None
    file.chmod(0o700)
    assert world.sync().changed == ["shop.py"]
    row = git.text("ls-tree", "main", "shop.py", repo=world.remote)
    assert row.startswith("100755 blob ")


def test_a_changed_mode_and_a_changed_text_are_merged(world: World) -> None:
    push(world, {"shop.py": lines(world, l4="theirs").encode()})
    (world.seed / "shop.py").chmod(0o755)
    world.sync()
    assert git.text("ls-tree", "main", "shop.py", repo=world.remote).startswith("100755 ")
    assert "theirs" in world.show("shop.py")


def test_links_and_what_is_ignored_never_enter(world: World) -> None:
    world.edit("__pycache__/shop.cpython-311.pyc", "x")
    world.edit("docs/__pycache__/x.pyc", "x")
    world.edit("made/result", "x")
    (world.seed / "link").symlink_to("/etc/hostname")
    (world.seed / "folder").symlink_to("/etc")
    assert world.sync().commit is None


def test_hostile_names_are_names(world: World) -> None:
    names = ["-rf", "--exec=x", 'say "hi"', "back\\slash", " blank ", "ümlaut", ":1:x"]
    for name in names:
        world.edit(name, name)
    assert world.sync().changed == sorted(names)
    for name in names:
        assert git.git("cat-file", "blob", f"main:{name}", repo=world.remote) == name.encode()


def test_hostile_names_are_names_from_the_start(tmp_path: Path) -> None:
    world = World.small(tmp_path)
    for name in ("-rf", 'say "hi"', "back\\slash", "ümlaut"):
        world.edit(name, name)
    world.sync()
    assert world.show('say "hi"') == 'say "hi"'


@pytest.mark.parametrize("name", [b"two\nlines", b"tab\there", b"\xff\xfe"])
def test_a_name_that_is_no_plain_text_is_refused(world: World, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(world.seed) + b"/" + name)).write_text("x")
    with pytest.raises(SlipwayError, match="not plain text"):
        world.sync()


def test_a_seed_that_is_gone_takes_nothing_with_it(world: World) -> None:
    before = world.refs()
    world.seed.rename(world.seed.with_name("moved"))
    with pytest.raises(SlipwayError, match="missing"):
        world.sync()
    world.seed.mkdir()
    with pytest.raises(SlipwayError, match="no files"):
        world.sync()
    assert world.refs() == before
