"""The rules about pull requests: what a promotion touches, and how many are open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.checks.pulls import Moved
from tasks.forge import NewPull, connect
from tasks.kernel import paths
from tasks.kernel.config import Check
from tasks.kernel.errors import Failed
from tasks.kernel.world import World
from tests.checks.conftest import branch_off, on, says
from tests.rooms import Outside, look


def rule(world: World, name: str, limit: int = 0) -> Check:
    check = replace(world.config.checks["messages"], name=name, rule=name, limit=limit)
    world.config.checks[name] = check
    return check


def test_a_promotion_touches_only_what_it_may(outside: Outside, world: World) -> None:
    check = rule(world, "promote-files")
    assert says(world, check) == "no branch bot-promote-rc: nothing to judge"
    files: dict[str, str | None] = {"CHANGELOG.md": "# 1\n", "docs-site/a/b.md": "x"}
    branch_off(outside, "bot-promote-rc")
    outside.commit("chore(release): prepare", files, branch="bot-promote-rc")
    look(world)
    asked = Moved(paths.verdict("promote-files"))
    assert asked.reasons(world, {}) == ["bot-promote-rc has moved"]
    allowed = "bot-promote-rc touches nothing but CHANGELOG.md, docs-site/**"
    assert says(world, check) == allowed
    assert asked.reasons(world, {}) == []
    assert says(world, check, on(world, "bot-promote-rc")) == allowed

    outside.commit("fix: on main", {"server/main.py": "1"})  # what main changes is not the branch's
    look(world)
    assert says(world, check) == allowed

    outside.commit("feat: sneaked in", {"server/x.py": "x"}, branch="bot-promote-rc")
    look(world)
    for subject in (on(world, "bot-promote-rc"), on(world, "refs/heads/bot-promote-rc")):
        with pytest.raises(Failed, match="touches more than") as caught:
            says(world, check, subject)
        assert caught.value.detail == ("server/x.py",)


def test_another_branch_is_no_promotion(outside: Outside, world: World) -> None:
    outside.commit("feat: anything", {"server/x.py": "x"}, branch="topic")
    look(world)
    told = says(world, rule(world, "promote-files"), on(world, "topic"))
    assert told == "topic is no promotion: nothing to judge"


def test_as_many_pull_requests_as_are_allowed(outside: Outside, world: World) -> None:
    forge = connect(world)
    for number in range(3):
        outside.commit("feat: x", {"x": str(number)}, branch=f"topic{number}")
        forge.open_pull(NewPull(f"feat: {number}", "", f"topic{number}", "main", (), draft=False))
    outside.commit("feat: x", {"x": "draft"}, branch="draft")
    forge.open_pull(NewPull("feat: draft", "", "draft", "main", (), draft=True))
    look(world)
    assert says(world, rule(world, "pull-limit", 3)) == "3 of 3 pull requests are open for review"
    assert says(world, rule(world, "pull-limit", 3), on(world, "topic1")).startswith("3 of 3")
    with pytest.raises(Failed, match="3 other pull requests are open for review, and 3 may be"):
        says(world, rule(world, "pull-limit", 3), on(world, "draft"))
    with pytest.raises(Failed, match="3 pull requests are open for review, and 2 may be") as caught:
        says(world, rule(world, "pull-limit", 2))
    assert caught.value.detail[0] == "pull request #3  feat: 2"
