"""Fingerprints: they change when something in the set changed, and at nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tasks.source import fingerprints
from tests.rooms import Outside, head

TREE = {
    "apps/web/index.html": "<h1>web</h1>\n",
    "apps/web/deep/er": "x\n",
    "apps/admin/index.html": "<h1>admin</h1>\n",
    "apps.txt": "not in apps\n",
    "build.py": "print(1)\n",
}


class Tree:
    """A work tree whose commits are looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        g.git("init", "--quiet", str(folder))

    def commit(self, files: Mapping[str, str | None] = TREE) -> str:
        for name, content in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink() if content is None else file.write_text(content)
        g.git("add", "--all", repo=self.folder)
        who = g.identity("Ada", "ada@example.org", "1767225600 +0000")
        g.git("commit", "--quiet", "--allow-empty", "-m", "feat: x", repo=self.folder, env=who)
        return g.text("rev-parse", "HEAD", repo=self.folder)

    def tell(self, commit: str, *of: str) -> str:
        told, missing = fingerprints(self.folder, commit, {"set": of})
        assert not missing
        return told["set"]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def test_a_line_for_each_path_with_its_git_id(tree: Tree) -> None:
    commit = tree.commit()
    web = g.text("rev-parse", f"{commit}:apps/web", repo=tree.folder)
    build = g.text("rev-parse", f"{commit}:build.py", repo=tree.folder)
    assert tree.tell(commit, "build.py", "apps/web") == (
        f"040000 tree {web}\tapps/web\n100644 blob {build}\tbuild.py\n"
    )


def test_the_order_in_which_paths_are_named_does_not_count(tree: Tree) -> None:
    commit = tree.commit()
    assert tree.tell(commit, "apps", "build.py") == tree.tell(commit, "build.py", "apps")


def test_what_changed_inside_tells_and_what_changed_beside_does_not(tree: Tree) -> None:
    before = tree.commit()
    after = tree.commit({"apps/admin/index.html": "<h1>new</h1>\n", "apps.txt": "new\n"})
    assert tree.tell(before, "apps") != tree.tell(after, "apps")
    assert tree.tell(before, "apps/admin") != tree.tell(after, "apps/admin")
    assert tree.tell(before, "apps/web", "build.py") == tree.tell(after, "apps/web", "build.py")


def test_deep_inside_too_and_what_is_added_or_gone(tree: Tree) -> None:
    seen = {tree.tell(tree.commit(), "apps/web")}
    for change in ({"apps/web/deep/er": "y\n"}, {"apps/web/new": ""}, {"apps/web/deep/er": None}):
        told = tree.tell(tree.commit(change), "apps/web")
        assert told not in seen
        seen.add(told)


def test_the_same_tree_at_another_commit_is_the_same(tree: Tree) -> None:
    one = tree.commit()
    tree.commit({"apps/web/index.html": "other\n"})
    back = tree.commit({"apps/web/index.html": TREE["apps/web/index.html"]})
    assert one != back
    assert tree.tell(one, "apps", ".") == tree.tell(back, "apps", ".")


OVERLAPPING: list[Sequence[str]] = [
    ("apps", "apps/web"),
    ("apps/web", "apps"),
    ("apps", "apps/web", "apps/web/deep", "apps/web/deep/er"),
    (".", "apps", "apps/web/deep"),
]


@pytest.mark.parametrize("of", OVERLAPPING, ids=["+".join(each) for each in OVERLAPPING])
def test_overlapping_paths_are_each_told(tree: Tree, of: Sequence[str]) -> None:
    commit = tree.commit()
    alone = sorted((tree.tell(commit, path) for path in of), key=lambda line: line.split("\t")[1])
    assert tree.tell(commit, *of) == "".join(alone)


def test_sets_that_overlap_do_not_hide_each_other(tree: Tree) -> None:
    commit = tree.commit()
    told, missing = fingerprints(tree.folder, commit, {"all": ["apps"], "web": ["apps/web"]})
    assert not missing
    assert told == {"all": tree.tell(commit, "apps"), "web": tree.tell(commit, "apps/web")}


def test_a_dot_is_everything(tree: Tree) -> None:
    before = tree.commit()
    root = g.text("rev-parse", f"{before}^{{tree}}", repo=tree.folder)
    assert tree.tell(before, ".") == f"040000 tree {root}\t.\n"
    assert tree.tell(tree.commit({"apps.txt": "new\n"}), ".") != tree.tell(before, ".")


def test_the_right_to_execute_counts(tree: Tree) -> None:
    before = tree.commit()
    (tree.folder / "build.py").chmod(0o755)
    after = tree.commit({})
    assert tree.tell(before, "build.py") != tree.tell(after, "build.py")
    assert tree.tell(after, "build.py").startswith("100755 blob ")


def test_a_link_is_told_as_a_link_and_not_followed(tree: Tree) -> None:
    (tree.folder / "link").symlink_to("apps/web")
    before = tree.commit()
    assert tree.tell(before, "link").startswith("120000 blob ")
    after = tree.commit({"apps/web/index.html": "new\n"})
    assert tree.tell(before, "link") == tree.tell(after, "link")
    _, missing = fingerprints(tree.folder, after, {"set": ["link/index.html"]})
    assert missing == [("set", "link/index.html")]


def test_a_file_in_place_of_a_folder_is_another_thing(tree: Tree) -> None:
    before = tree.commit()
    assert tree.tell(before, "apps/web/deep").startswith("040000 tree")
    tree.commit({"apps/web/deep/er": None})
    (tree.folder / "apps/web/deep").rmdir()
    after = tree.commit({"apps/web/deep": "a file now\n"})
    assert tree.tell(after, "apps/web/deep").startswith("100644 blob")


def test_a_path_that_is_not_there_is_told_and_named(tree: Tree) -> None:
    commit = tree.commit()
    told, missing = fingerprints(
        tree.folder, commit, {"a": ["apps", "nowhere"], "b": ["apps/web/no", "build.py/x"], "c": []}
    )
    assert missing == [("a", "nowhere"), ("b", "apps/web/no"), ("b", "build.py/x")]
    assert told["a"].endswith("absent\tnowhere\n")
    assert told["c"] == ""


ODD = [
    "-delete",
    "--help",
    "with blank",
    "  blanks  ",
    "*",
    "web?",
    "[a]",
    ":(glob)x",
    ":x",
    "!x",
    'quo"te',
    "it's",
    "back\\slash",
    "tab\there",
    "two\nlines",
    "$(touch pwned)",
    "é漢🦆",
    "HEAD",
    "main",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_names(tree: Tree, name: str) -> None:
    """As a file and as a folder, and never a pattern, an option or a ref."""
    commit = tree.commit(TREE | {name: "odd\n", f"folder/{name}/x": "odd\n"})
    assert tree.tell(commit, name).endswith(f"\t{name}\n")
    assert tree.tell(commit, f"folder/{name}").startswith("040000 tree ")
    assert tree.tell(tree.commit({"apps.txt": "new\n"}), name) == tree.tell(commit, name)
    assert not (tree.folder / "pwned").exists()


def test_a_pattern_matches_nothing(tree: Tree) -> None:
    commit = tree.commit()
    for pattern in ("apps/*", "*.py", ":(top)build.py", "app?"):
        _, missing = fingerprints(tree.folder, commit, {"set": [pattern]})
        assert missing == [("set", pattern)]


# the observer


def test_the_observer_fixes_the_commit_and_tells_every_set_at_it(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "shop")
    world = shop.start()
    fact = world.json(paths.HEAD)
    assert fact == {"branch": "main", "commit": head(world), "subject": "feat: the first shop"}
    told, _ = fingerprints(shop.source, head(world), world.config.inputs)
    for name, text in told.items():
        assert (world.read(paths.head_input(name)) or b"").decode() == text
    assert world.sightings("source") == {"refs/heads/main": head(world)}


def test_an_annotated_tag_is_seen_at_its_commit(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "shop")
    world = shop.start()
    who = g.identity("Ada", "ada@example.org", "1767225600 +0000")
    g.git("tag", "-a", "-m", "first", "0.1.0", "main", repo=shop.source, env=who)
    assert shop.look().sightings("source")["refs/tags/0.1.0"] == head(world)


def test_a_second_look_rewrites_nothing(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "shop")
    world = shop.start()
    names = [paths.HEAD, paths.sighting("source"), *map(paths.head_input, world.config.inputs)]
    before = {name: world.path(name).stat().st_mtime_ns for name in names}
    shop.look()
    assert {name: world.path(name).stat().st_mtime_ns for name in names} == before


def test_all_paths_that_are_not_there_are_named_and_no_fact_is_written(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "shop")
    world = shop.start()
    before = world.read(paths.HEAD)
    shop.commit("feat: moved", {"web/index.html": None, "web/.env": None, "web/Dockerfile": None})
    with pytest.raises(SlipwayError, match="do not exist in main") as error:
        shop.look()
    assert error.value.detail == ("inputs.web: web",)
    assert world.read(paths.HEAD) == before
