"""`record --reset-head`: what comes back to the head, and what stays."""

from __future__ import annotations

import pytest

from tests.promotion.conftest import Deployments


def test_reset_head_restores_the_tracked_and_keeps_the_untracked(track: Deployments) -> None:
    track.write({"README": "edited", "mine": "x", "staged": "y"})
    track.git("add", "staged")
    said = track.cepler("record", "-e", "staging", "--reset-head")
    assert said.err.endswith("Reseting head to have a clean workspace\n")
    assert [track.read(name) for name in ("README", "mine", "staged")] == ["hello", "x", "y"]


def test_reset_head_leaves_what_is_staged_to_its_owner(track: Deployments) -> None:
    track.write({"README": "staged"})
    track.git("add", "README")
    assert track.cepler("record", "-e", "staging", "--reset-head").code == 0
    assert track.read("README") == "hello"
    assert track.git("cat-file", "blob", ":README") == "staged"
    assert track.git("show", "HEAD:README") == "hello"
    track.git("reset", "--quiet", "--hard")
    assert track.git("status", "--short") == ""


def test_no_commit_and_reset_head_take_a_tracked_record_back(track: Deployments) -> None:
    track.cepler("record", "-e", "staging", "--no-commit", "--reset-head")
    assert track.record_of("staging").version == 1  # it was not tracked yet
    track.cepler("record", "-e", "staging")
    before = track.record_of("staging")
    track.cepler("record", "-e", "staging", "--no-commit", "--reset-head")
    assert track.record_of("staging") == before


@pytest.mark.parametrize("name", ["LITERAL", "GLOB", "NOGLOB", "ICASE"])
def test_how_the_caller_has_git_read_paths_is_no_matter(
    track: Deployments, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    track.write({"README": "edited"})
    monkeypatch.setenv(f"GIT_{name}_PATHSPECS", "1")
    assert track.cepler("prepare", "-e", "staging").code == 0
    assert track.cepler("record", "-e", "staging", "--reset-head").code == 0
    assert track.read("README") == "hello"
