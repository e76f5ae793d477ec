"""What is merged by itself, and what every other pull request is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.forge import NewPull, connect
from tasks.kernel import git as g
from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.world import World
from tasks.release import automerge
from tests.project import PIPELINE
from tests.rooms import Outside, edit_json

AUTOMERGE = "automerge: {labels: [bot, shop], remotes: [source]}\n"


class Shop(Outside):
    """A source with a forge, and pull requests in it."""

    def __init__(self, folder: Path, more: str = AUTOMERGE) -> None:
        super().__init__(folder, PIPELINE + more)
        self.at = self.start()

    def pull(
        self, branch: str, *, labels: tuple[str, ...] = ("bot", "shop"), **how: Any
    ) -> tuple[int, str]:
        """Open a pull request; return its number and its branch's commit."""
        g.git("update-ref", f"refs/heads/{branch}", "main", repo=self.source)
        head = self.commit(f"feat: {branch}", {f"web/{branch}.html": "<b>"}, branch)
        base = how.pop("base", "main")
        new = NewPull(f"feat: {branch}", "", branch, base, labels, how.pop("draft", False))
        return connect(self.at).open_pull(new).number, head

    def says(self, commit: str, **verdicts: Any) -> None:
        """Say something of a commit."""
        for name, verdict in verdicts.items():
            connect(self.at).set_status(commit, name, verdict, "")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def run(world: World, capsys: pytest.CaptureFixture[str]) -> list[str]:
    automerge.automerge(world)
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_green_with_both_labels_is_merged_once(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    number, head = shop.pull("one")
    shop.says(head, unit="success", lint="success")
    [title, line] = run(shop.at, capsys)
    assert title == "source: open pull requests with the labels bot, shop"
    merge = g.text("rev-parse", "main", repo=shop.source)
    assert line == f"✓ pull request #{number}: merged as {merge[:7]}"
    assert g.lines("rev-parse", "main^2", repo=shop.source) == [head]
    assert run(shop.at, capsys)[1:] == ["none"]
    assert g.text("rev-parse", "main", repo=shop.source) == merge


def test_everything_else_says_why_not(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    before = g.text("rev-parse", "main", repo=shop.source)
    _, red = shop.pull("red")
    shop.says(red, unit="success", lint="failure", slow="pending")
    _, slow = shop.pull("slow")
    shop.says(slow, unit="success", lint="pending")
    shop.pull("silent")
    _, half = shop.pull("half", labels=("bot",))
    _, draft = shop.pull("draft", draft=True)
    g.git("update-ref", "refs/heads/other", "main", repo=shop.source)
    _, aside = shop.pull("aside", base="other")
    _, theirs = shop.pull("theirs", labels=())
    _, promotion = shop.pull("bot-promote-rc")
    for head in (half, draft, aside, theirs, promotion):
        shop.says(head, unit="success")
    gone, _ = shop.pull("gone")
    g.git("update-ref", "-d", "refs/heads/gone", repo=shop.source)
    assert run(shop.at, capsys)[1:] == [
        "· pull request #1: failed: lint",
        "· pull request #2: not done yet: lint",
        "· pull request #3: no check has said anything of it yet",
        "· pull request #4: lacks the label shop",
        "· pull request #5: it is a draft",
        "· pull request #6: goes into other, not main",
        "· pull request #8: the promotion is a human's to merge (doit approve:release)",
        f"· pull request #{gone}: its branch gone is gone",
        "· none of these labels: #7",
    ]
    assert g.text("rev-parse", "main", repo=shop.source) == before


def test_named_checks_must_have_spoken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop(tmp_path / "shop", AUTOMERGE.replace("]}", "], checks: [unit, lint]}"))
    _, head = shop.pull("one")
    shop.says(head, unit="success")
    assert run(shop.at, capsys)[1] == "· pull request #1: nothing was said yet by lint"
    shop.says(head, lint="success")
    assert run(shop.at, capsys)[1].startswith("✓ pull request #1: merged")


def test_a_branch_that_moved_while_it_was_looked_at_is_not_merged(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, head = shop.pull("one")
    shop.says(head, unit="success")
    green = automerge.why_not_green

    def push_meanwhile(said: Any, needed: Any) -> str:
        shop.commit("feat: not looked at", {"web/evil.html": ""}, "one")
        return green(said, needed)

    monkeypatch.setattr(automerge, "why_not_green", push_meanwhile)
    with pytest.raises(SlipwayError, match="1 could not be merged") as caught:
        automerge.automerge(shop.at)
    assert "its branch moved to" in str(caught.value)
    assert "✗ pull request #1" in capsys.readouterr().out
    assert "evil" not in g.text("ls-tree", "-r", "--name-only", "main", repo=shop.source)


def test_one_that_collides_holds_back_no_other(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    _, one = shop.pull("one")
    _, two = shop.pull("two")
    shop.says(one, unit="success")
    shop.says(two, unit="success")
    shop.commit("feat: the same file", {"web/one.html": "<i>"})
    with pytest.raises(SlipwayError, match="1 could not be merged"):
        automerge.automerge(shop.at)
    lines = capsys.readouterr().out.splitlines()
    assert "✗ pull request #1: one cannot be merged into main" in lines[1]
    assert "✓ pull request #2" in lines[2]


def test_somebody_who_was_quicker_is_no_error(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, head = shop.pull("one")
    shop.says(head, unit="success")
    green = automerge.why_not_green

    def merge_meanwhile(said: Any, needed: Any) -> str:
        connect(shop.at).merge_pull(number, head, "Grace", "quicker")
        return green(said, needed)

    monkeypatch.setattr(automerge, "why_not_green", merge_meanwhile)
    assert run(shop.at, capsys)[1] == "· pull request #1: merged by somebody else just now"


def test_what_comes_from_a_fork_is_not_merged(shop: Shop) -> None:
    number, head = shop.pull("one")
    shop.says(head, unit="success")
    edit_json(shop.world / f"forge/pulls/{number}.json", branch="mallory:one")
    where = automerge.Where("source", "main", "bot-promote-rc")
    [pull] = connect(shop.at).open_pulls(("bot",))
    assert "comes from a fork" in automerge._unfit(shop.at.config.automerge, where, pull)


def test_without_labels_nothing_can_be_told_apart(shop: Shop) -> None:
    (shop.folder / "pipeline.yml").write_text(PIPELINE)
    with pytest.raises(WrongUsage, match="there are no labels to tell it by"):
        automerge.automerge(World(load(shop.folder / "pipeline.yml"), shop.folder))
