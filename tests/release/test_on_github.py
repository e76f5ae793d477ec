"""Labels, automatic merging and waiting, with the forge on GitHub (as strict as the fake is)."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tasks.forge import NewPull, connect
from tasks.kernel import git as g
from tests.forge.fake_github import TOKEN
from tests.forge.test_github_journey import SECRET, At, at, github, stations
from tests.rooms import world_of

__all__ = ["at", "github", "stations"]


def test_labels_that_a_kill_left_off_are_put_back(at: At) -> None:
    shop = at("waiting")
    [pull] = shop.github.repository.state["pulls"].values()
    pull["labels"] = []
    shop.lose_build()
    run = shop.release()
    assert run.code == 4, run.err
    [told] = shop.told()["pulls"]
    assert "promote-rc" in str(told["labels"])
    assert len(shop.told()["pulls"]) == 1


def test_what_is_green_is_merged_by_itself(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_GITHUB_TOKEN", TOKEN)
    shop = at("waiting")
    shop.configure("automerge: {labels: [bot, shop], remotes: [source]}\n")
    g.git("update-ref", "refs/heads/bot-x", "main", repo=shop.source)
    head = shop.commit("chore: x", {"web/x.html": "<b>"}, "bot-x")
    forge = connect(world_of(shop))
    pull = forge.open_pull(NewPull("chore: x", "", "bot-x", "main", ("bot", "shop"), draft=False))
    run = shop.doit("automerge", env=SECRET)
    assert run.code == 0, run.err
    assert f"· {pull.where}: no check has said anything of it yet" in run.out
    assert "none of these labels: #1" in run.out
    forge.set_status(head, "lint", "success", "fine")
    run = shop.doit("automerge", env=SECRET)
    assert run.code == 0, run.err
    assert f"✓ {pull.where}: merged as" in run.out
    assert shop.file("web/x.html") == "<b>"
    merges = shop.github.count("PUT .*/merge")
    assert shop.doit("automerge", env=SECRET).code == 0
    assert shop.github.count("PUT .*/merge") == merges


@pytest.mark.slow
def test_the_gate_is_waited_for(at: At) -> None:
    shop = at("waiting")
    with (shop.folder / "said").open("wb") as said:
        run = subprocess.Popen(
            [sys.executable, "-m", "doit", "wait=60s", "release"],
            cwd=shop.folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=dict(os.environ) | SECRET,
        )
    end = time.monotonic() + 60
    while "for a human" not in (shop.folder / "said").read_text():
        assert time.monotonic() < end
        time.sleep(0.1)
    assert shop.approve().code == 0
    assert run.wait(timeout=60) == 0, (shop.folder / "said").read_text()
    [release] = shop.told()["releases"]
    assert (release["tag_name"], release["draft"]) == ("0.2.0", False)
