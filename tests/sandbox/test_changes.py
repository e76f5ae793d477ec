"""commit_change plays the developer; reset takes the world away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.kernel import git
from tasks.kernel.errors import SlipwayError
from tasks.sandbox.repository import commit_change
from tasks.sandbox.seeds import SEEDS, seed_files
from tasks.sandbox.steps import reset
from tests.sandbox.worlds import World

WHO, WHEN = "Ada Lovelace <ada@example.org>", "1770000000 +0100"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A small world whose remote has been made."""
    world = World.small(tmp_path)
    world.sync()
    return world


def change(world: World, files: dict[str, bytes | None], branch: str = "main") -> str:
    return commit_change(
        world.remote, branch, 'feat: a "new" thing\n\nWith a body.', files, author=WHO, date=WHEN
    )


def test_a_change_is_a_commit_on_the_branch(world: World) -> None:
    made = change(world, {"shop.py": b"new\n", "more/deep.txt": b"x", "docs/one.md": None})
    assert world.log("-1", "--format=%H|%an|%ae|%ad|%s|%b", "--date=raw") == [
        f'{made}|Ada Lovelace|ada@example.org|{WHEN}|feat: a "new" thing|With a body.',
        "",
    ]
    assert world.show("more/deep.txt") == "x"
    names = git.lines("ls-tree", "-r", "--name-only", "main", repo=world.remote)
    assert "docs/one.md" not in names


def test_what_is_there_already_makes_no_commit(world: World) -> None:
    made = change(world, {"shop.py": b"new\n"})
    assert change(world, {"shop.py": b"new\n", "never/there": None}) == made


def test_a_file_keeps_its_mode(world: World) -> None:
    (world.seed / "shop.py").chmod(0o755)
    world.sync()
    change(world, {"shop.py": b"new\n"})
    assert git.text("ls-tree", "main", "shop.py", repo=world.remote).startswith("100755 ")


def test_changes_at_once_all_arrive(world: World) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: change(world, {f"file-{n}": b"x"}), range(6)))
    assert len(set(made)) == 6
    assert len(world.log("--format=%H", "--no-merges", "--grep=a .new. thing")) == 6


@pytest.mark.parametrize(
    "path", ["", "/etc/x", "../x", "a/../b", "a//b", ".git/config", "a/.GIT/x", "new\nline", "."]
)
def test_a_path_that_no_tree_can_hold_is_refused(world: World, path: str) -> None:
    with pytest.raises(SlipwayError, match="cannot stand in a commit"):
        change(world, {path: b"x"})


@pytest.mark.parametrize("branch", ["nowhere", "-d", "--all", "a..b", "a b", ""])
def test_a_branch_that_is_not_there_is_an_error(world: World, branch: str) -> None:
    before = world.refs()
    with pytest.raises(SlipwayError):
        change(world, {"x": b"x"}, branch)
    assert world.refs() == before


def test_reset_takes_the_sandbox_and_nothing_else(world: World) -> None:
    assert reset(world.root)
    assert sorted(path.name for path in world.root.iterdir()) == ["sandbox"]
    assert not reset(world.root)
    assert world.sync().created


def test_reset_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    (tmp_path / "project" / ".sandbox").symlink_to(tmp_path / "precious")
    with pytest.raises(SlipwayError, match="is a link"):
        reset(tmp_path / "project")
    assert (tmp_path / "precious" / "file").read_text() == "mine"


def test_reset_removes_links_inside_and_not_what_they_lead_to(world: World) -> None:
    (world.root / "precious").mkdir()
    (world.root / "precious" / "file").write_text("mine")
    (world.root / ".sandbox" / "link").symlink_to(world.root / "precious")
    reset(world.root)
    assert (world.root / "precious" / "file").read_text() == "mine"


def test_reset_removes_no_file_that_someone_put_there(tmp_path: Path) -> None:
    (tmp_path / ".sandbox").write_text("mine")
    with pytest.raises(SlipwayError, match="no folder"):
        reset(tmp_path)
    assert (tmp_path / ".sandbox").read_text() == "mine"


def test_the_files_of_a_seed_are_known_without_git(world: World) -> None:
    world.edit("__pycache__/x.pyc", "x")
    (world.seed / "link").symlink_to("shop.py")
    folder = SEEDS["source"].folder
    assert seed_files(world.root, ["source"]) == [
        "sandbox/history.yml",
        *(f"{folder}/{name}" for name in (".gitignore", "docs/one.md", "prices.txt", "shop.py")),
    ]
