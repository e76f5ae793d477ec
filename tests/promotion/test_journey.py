"""Staging, qa, production: with a failing middle, by commands, and by the library on a mirror."""

from __future__ import annotations

from pathlib import Path

from tasks.kernel import git as g
from tasks.promotion.engine import config_at, desired, pending, record_commit

from .conftest import WHO, Deployments


def _deploy(tree: Deployments, environment: str) -> str:
    """Check, prepare and record; returns the content of the shared file that was deployed."""
    assert tree.cepler("check", "-e", environment).code == 0
    assert tree.cepler("prepare", "-e", environment).code == 0
    content = tree.read("app/a.yml")
    assert tree.cepler("record", "-e", environment, "--reset-head").code == 0
    assert not tree.record_of(environment).current.any_dirty
    return content


def _codes(tree: Deployments) -> list[int]:
    return [tree.cepler("check", "-e", name).code for name in ("staging", "qa", "production")]


def test_a_change_travels_and_a_failing_middle_holds_it_back(track: Deployments) -> None:
    assert _codes(track) == [0, 1, 1]
    for environment in ("staging", "qa", "production"):
        assert _deploy(track, environment) == "a 1"
    assert _codes(track) == [2, 2, 2]
    for number in (2, 3, 4):
        track.commit(f"app {number}", {"app/a.yml": f"a {number}"})
        assert _deploy(track, "staging") == f"a {number}"
        assert _codes(track) == [2, 0, 2]  # qa fails to deploy: nothing is recorded
    # qa comes back and takes one change at a time; production only what qa has had.
    assert _deploy(track, "qa") == "a 2"
    assert _codes(track) == [2, 0, 0]
    assert _deploy(track, "production") == "a 2"
    assert _deploy(track, "qa") == "a 3"
    assert _deploy(track, "qa") == "a 4"
    assert _codes(track) == [2, 2, 0]
    assert _deploy(track, "production") == "a 3"
    assert _deploy(track, "production") == "a 4"
    assert _codes(track) == [2, 2, 2]


def test_a_change_of_one_environment_reaches_it_alone(track: Deployments) -> None:
    for environment in ("staging", "qa", "production"):
        _deploy(track, environment)
    track.commit("staging only", {"staging.yml": "s 2"})
    assert _codes(track) == [0, 2, 2]
    _deploy(track, "staging")
    assert _codes(track) == [2, 2, 2]


def test_ignoring_the_queue_jumps_to_the_newest(track: Deployments) -> None:
    for environment in ("staging", "qa"):
        _deploy(track, environment)
    for number in (2, 3):
        track.commit(f"app {number}", {"app/a.yml": f"a {number}"})
        _deploy(track, "staging")
    track.cepler("--ignore-queue", "prepare", "-e", "qa")
    assert track.read("app/a.yml") == "a 3"
    track.cepler("--ignore-queue", "record", "-e", "qa", "--reset-head")
    assert _codes(track)[1] == 2
    assert not track.record_of("qa").current.any_dirty
    track.commit("always", {"cepler.yml": track.read("cepler.yml").replace(
        "passed: staging", "passed: staging\n    ignore_queue: true")})  # fmt: skip
    assert _codes(track)[1] == 2


def test_commands_and_library_end_in_the_same_trees(track: Deployments, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror.git"
    g.git("clone", "--quiet", "--bare", str(track.root), str(mirror))
    head = g.text("rev-parse", "HEAD", repo=mirror)
    for environment in ("staging", "qa", "production"):
        _deploy(track, environment)
        config = config_at(mirror, head)
        assert pending(mirror, head, config, environment).due
        state = desired(mirror, head, config, environment)
        # A commit of the library and of the command line differ in author's date alone; give the
        # mirror the command line's, so that what follows names the same commits.
        head = track.head
        g.git("fetch", "--quiet", str(track.root), "+main:main", repo=mirror)
        made = record_commit(
            mirror, track.git("rev-parse", "HEAD^"), environment, state, config, who=WHO
        )
        assert g.text("rev-parse", f"{made}^{{tree}}", repo=mirror) == track.git(
            "rev-parse", "HEAD^{tree}"
        )
        assert not pending(mirror, head, config, environment).due
