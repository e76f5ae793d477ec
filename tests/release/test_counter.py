"""The version counter: a branch with one file, as other tools keep it; it never goes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths, remotes
from tasks.kernel.effects import carry_out
from tasks.kernel.world import World
from tasks.release import counter
from tests.rooms import Outside, head, receipt


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside(tmp_path / "shop")
    monkeypatch.setattr(paths, "ROOT", outside.folder)
    return outside


def _published(world: World, version: str) -> None:
    told = {"claims": {}, "version": version, "tag": version, "commit": head(world), "images": {}}
    world.write_json(paths.receipt("publish"), told)


def _counter(outside: Outside) -> str:
    return outside.file("version", "version")


def test_the_first_release_makes_the_branch(outside: Outside) -> None:
    world = outside.start()
    _published(world, "0.1.0")
    assert carry_out(counter.EFFECT, world) == "nothing → 0.1.0"
    assert _counter(outside) == "0.1.0\n"
    assert receipt(world, "counter")["claims"] == {"source": {"refs/heads/version": "*"}}


def test_the_branch_of_another_tool_goes_on(outside: Outside) -> None:
    world = outside.start()
    outside.commit("bump to 0.3.0", {"version": "0.3.0\n"}, branch="version")
    before = outside.refs()["refs/heads/version"]
    _published(outside.look(), "0.4.0")
    assert carry_out(counter.EFFECT, world) == "0.3.0 → 0.4.0"
    assert _counter(outside) == "0.4.0\n"
    parents = g.text("log", "-1", "--format=%P %s", "version", repo=outside.source)
    assert parents == f"{before} bump to 0.4.0"


@pytest.mark.parametrize("there", ["0.4.0\n", "0.5.0", "1.0.0\n"])
def test_it_never_goes_back(outside: Outside, there: str) -> None:
    world = outside.start()
    outside.commit("bump", {"version": there}, branch="version")
    before = outside.refs()["refs/heads/version"]
    _published(world, "0.4.0")
    assert "the counter says" in carry_out(counter.EFFECT, world)
    assert outside.refs()["refs/heads/version"] == before


def test_what_others_keep_on_the_branch_stays(outside: Outside) -> None:
    world = outside.start()
    kept = {"README": "whose\n", "ver/sion": "folder\n", "a\tversion": "odd\n"}
    outside.commit("bump to 0.3.0", kept | {"version": "0.3.0\n"}, branch="version")
    before = outside.file("version", "version")
    _published(world, "0.4.0")
    carry_out(counter.EFFECT, world)
    assert (before, _counter(outside)) == ("0.3.0\n", "0.4.0\n")
    for name, content in kept.items():
        assert outside.file(name, "version") == content


def test_a_file_that_is_no_version_is_set_right(outside: Outside) -> None:
    world = outside.start()
    outside.commit("oops", {"version": "soon\n"}, branch="version")
    _published(world, "0.4.0")
    carry_out(counter.EFFECT, world)
    assert _counter(outside) == "0.4.0\n"


def test_a_counter_that_moves_under_our_hands_is_looked_at_again(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = outside.start()
    outside.commit("bump to 0.3.0", {"version": "0.3.0\n"}, branch="version")
    _published(world, "0.4.0")
    moved: list[str] = []
    push = remotes.push

    def late(*args: Any) -> None:
        if not moved:
            moved.append(outside.commit("bump to 0.3.1", {"version": "0.3.1\n"}, branch="version"))
        push(*args)

    monkeypatch.setattr(remotes, "push", late)
    assert carry_out(counter.EFFECT, world) == "0.3.1 → 0.4.0"
    assert g.text("log", "-1", "--format=%P", "version", repo=outside.source) == moved[0]


# Concourse's semver resource, driver git: what it writes we read, what we write it reads.

BUMPS = ["0.3.0\n", "0.3.0", "0.3.0-rc.2\n", "0.3.0  \n\n", "0.3.0 # by hand\n", "", "\n"]


@pytest.mark.parametrize("there", BUMPS)
def test_a_bump_by_the_resource_is_read(outside: Outside, there: str) -> None:
    world = outside.start()
    outside.commit("bump to 0.3.0", {"version": there}, branch="version")
    _published(world, "0.4.0")
    first = "".join(there.split()[:1]) or "nothing"
    assert carry_out(counter.EFFECT, world) == f"{first} → 0.4.0"
    assert _counter(outside) == "0.4.0\n"


def test_a_candidate_in_the_counter_is_below_its_final(outside: Outside) -> None:
    world = outside.start()
    outside.commit("bump to 0.4.0-rc.7", {"version": "0.4.0-rc.7\n"}, branch="version")
    _published(world, "0.4.0")
    assert carry_out(counter.EFFECT, world) == "0.4.0-rc.7 → 0.4.0"


def test_the_resource_reads_what_we_write(outside: Outside) -> None:
    """One word and a newline, no prefix, in a commit that looks like one of its own."""
    outside.replace("environments:", "release: {tag-prefix: v}\nenvironments:")
    world = outside.start()
    _published(world, "0.4.0")
    carry_out(counter.EFFECT, world)
    assert g.git("cat-file", "blob", "version:version", repo=outside.source) == b"0.4.0\n"
    said = g.text("log", "-1", "--format=%s%n%b", "version", repo=outside.source)
    assert said.strip() == "bump to 0.4.0"
    listed = g.text("ls-tree", "-r", "version", repo=outside.source)
    assert listed.startswith("100644 blob ")
    assert listed.endswith("\tversion")


@pytest.mark.parametrize("there", [None, "0.3.0\n"])
def test_the_file_is_configured_as_there(outside: Outside, there: str | None) -> None:
    outside.replace("environments:", "release: {version-file: ci/version}\nenvironments:")
    world = outside.start()
    if there:
        outside.commit("bump to 0.3.0", {"ci/version": there, "notes": "x\n"}, branch="version")
    _published(world, "0.4.0")
    carry_out(counter.EFFECT, world)
    assert outside.file("ci/version", "version") == "0.4.0\n"
    names = g.lines("ls-tree", "-r", "--name-only", "version", repo=outside.source)
    assert ("notes" in names) if there else (names == ["ci/version"])
