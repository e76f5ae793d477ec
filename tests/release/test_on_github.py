"""Labels, automatic merging and waiting, with the forge on GitHub (as strict as the fake is)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tasks.forge import NewPull, connect
from tasks.kernel import git as g
from tests.forge.fake_github import TOKEN
from tests.forge.test_github_journey import SECRET, At, Shop, at, github, stations
from tests.release.test_yank import KILLS
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


def _statuses(shop: Shop) -> dict[str, str]:
    head = shop.refs()["refs/heads/main"]
    told = shop.github.repository.state["statuses"].get(head, {})
    return {name: status["state"] for name, status in told.items()}


def test_checks_are_told_as_statuses_with_a_link_to_the_run(at: At) -> None:
    shop = at("seeded")
    actions = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "shop/shop",
        "GITHUB_RUN_ID": "7",
    }
    assert shop.doit("release", env=SECRET | actions).code == 4
    assert _statuses(shop) == {
        "slipway/unit": "success",
        "slipway/web": "success",
        "slipway/messages": "success",
    }
    head = shop.refs()["refs/heads/main"]
    status = shop.github.repository.state["statuses"][head]["slipway/unit"]
    assert status["target_url"] == "https://github.com/shop/shop/actions/runs/7"


def test_who_may_only_read_statuses_releases_all_the_same(at: At) -> None:
    shop = at("seeded")
    shop.github.repository.statuses_too = False
    run = shop.release()
    assert run.code == 4, run.err
    assert "· statuses" in run.err
    assert "the forge takes no status of" in run.err
    asked = shop.github.count("POST .*/statuses/.*")
    assert asked <= 2  # once while a check ran, once behind them
    assert shop.release().ran == ["gate"]
    assert shop.github.count("POST .*/statuses/.*") == asked
    shop.github.repository.statuses_too = True
    run = shop.doit("retry", "statuses", "--yes", env=SECRET)
    assert run.code == 0, run.err
    assert set(_statuses(shop).values()) == {"success"}


def test_the_permissions_that_the_docs_give_to_actions_are_enough(at: At) -> None:
    shop = at("seeded")
    shop.github.repository.unreadable = {"checks"}  # statuses alone are asked for
    run = shop.release()
    assert run.code == 4, run.err
    assert set(_statuses(shop).values()) == {"success"}
    assert shop.github.count("GET .*/check-runs") == 0


@pytest.mark.parametrize("command", ["release", "plan"])
def test_who_may_not_even_read_statuses_releases_all_the_same(at: At, command: str) -> None:
    shop = at("seeded")
    shop.github.repository.unreadable = {"statuses", "checks"}
    shop.github.repository.statuses_too = False
    run = shop.doit(*(["plan"] if command == "plan" else []), "release", env=SECRET)
    if command == "plan":
        assert run.code == 0, run.err
        [line] = [line for line in run.out.splitlines() if "takes no status of" in line]
        assert "statuses" in line
        return
    assert run.code == 4, run.err
    assert "· statuses" in run.err
    assert "the forge takes no status of" in run.err
    shop.github.asked.clear()
    assert shop.release().ran == ["gate"]
    assert shop.github.count(".*/status(es)?(/.*)?") == 0
    shop.github.repository.unreadable = set()
    shop.github.repository.statuses_too = True
    run = shop.doit("retry", "statuses", "--yes", env=SECRET)
    assert run.code == 0, run.err
    assert set(_statuses(shop).values()) == {"success"}


def test_a_commit_that_github_does_not_know_is_told_of_nowhere(at: At) -> None:
    shop = at("waiting")
    tree = shop.folder / "mine"
    g.git("clone", "--quiet", str(shop.source), str(tree))
    (tree / "server/main.py").write_text("print('here')\n")
    who = g.identity("Ada", "ada@example.org", "1767229999 +0000")
    g.git("commit", "--quiet", "-a", "-m", "feat: mine", repo=tree, env=who)
    run = shop.doit("ref=./mine", "check", "statuses", env=SECRET)
    assert run.code == 0, run.err
    assert "the forge takes no status of" in run.err
    assert shop.github.count("POST .*/statuses/.*") == 0


def test_a_failed_check_where_statuses_are_not_taken_is_only_a_failed_check(at: At) -> None:
    shop = at("seeded")
    shop.commit("fix: break it", {"broken": "yes\n"})
    shop.github.repository.statuses_too = False
    run = shop.release()
    assert run.code == 1, run.err
    assert "the forge takes no status of" in run.err


def _published(at: At) -> Shop:
    return at("released")


def _page(shop: Shop) -> dict[str, str]:
    [page] = shop.github.repository.state["releases"].values()
    return dict(page)


YANK = ("release:yank", "--version=0.2.0", "--by=Grace", "--why=it loses data")


def test_an_immutable_release_is_yanked_by_its_words(at: At) -> None:
    shop = _published(at)
    before = shop.told()
    run = shop.doit(*YANK, env=SECRET)
    assert run.code == 0, run.err
    assert _page(shop)["name"] == "0.2.0 (yanked)"
    assert "**Yanked** by Grace" in _page(shop)["body"]
    assert shop.told()["assets"] == before["assets"]
    assert shop.release().code == 0
    shop.github.asked.clear()
    assert shop.release().ran == []
    assert all(asked.startswith("GET ") for asked in shop.github.asked)


def test_a_forge_that_lets_nobody_edit_is_told_and_the_ref_is_the_truth(at: At) -> None:
    shop = _published(at)
    for _ in range(2):
        words = "Resource not accessible by integration"
        shop.github.trouble("PATCH", r"/releases/\d+$", "reply", status=403, message=words)
        run = shop.doit(*YANK, env=SECRET)
        assert run.code == 0, run.err
        assert "the forge does not take the page of 0.2.0 (" in run.out
    assert _page(shop)["name"] == "0.2.0"
    assert "refs/slipway/yanked/0.2.0" in shop.refs()
    assert shop.release().code == 0


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_an_answer_about_a_yank_that_gets_lost(at: At, kind: str) -> None:
    shop = _published(at)
    shop.github.trouble("PATCH", r"/releases/\d+$", kind)
    run = shop.doit(*YANK, env=SECRET)
    assert run.code == 0, run.err
    assert shop.github.troubles == []
    assert _page(shop)["body"].count("**Yanked**") == 1


def _two(at: At) -> Shop:
    """Two releases, the older one first."""
    shop = _published(at)
    shop.commit("fix: a firm shelf", {"server/main.py": "print('firm')\n"})
    assert shop.release().code == 4
    assert shop.approve().code == 0
    assert shop.release().code == 0
    return shop


def _titles(shop: Shop) -> dict[str, str]:
    pages = shop.github.repository.state["releases"].values()
    return {page["tag_name"]: page["name"] for page in pages}


@pytest.mark.slow
def test_a_page_that_is_refused_keeps_no_other_from_saying_so(at: At) -> None:
    shop = _two(at)
    for version in ("0.2.0", "0.2.1"):
        g.git("update-ref", f"refs/slipway/yanked/{version}", "main", repo=shop.source)
    words = "Resource not accessible by integration"
    shop.github.trouble("PATCH", r"/releases/\d+$", "reply", status=403, message=words)
    run = shop.release()
    assert run.code == 0, run.err
    assert "but the forge does not take the page of 0.2.0 (release 0.2.0 cannot be" in run.err
    assert _titles(shop) == {"0.2.0": "0.2.0", "0.2.1": "0.2.1 (yanked)"}
    assert shop.release().ran == []
    run = shop.doit("retry", "withdraw", "--yes", env=SECRET)
    assert run.code == 0, run.err
    assert _titles(shop) == {"0.2.0": "0.2.0 (yanked)", "0.2.1": "0.2.1 (yanked)"}


@pytest.mark.slow
def test_the_latest_goes_back_although_the_page_is_refused(at: At) -> None:
    shop = _two(at)
    words = "Resource not accessible by integration"
    shop.github.trouble("PATCH", r"/releases/\d+$", "reply", status=403, message=words)
    run = shop.doit("release:yank", "--version=0.2.1", *YANK[2:], env=SECRET)
    assert run.code == 0, run.err
    assert "the forge does not take the page of 0.2.1 (" in run.out
    assert shop.github.troubles == []
    state = shop.github.repository.state
    assert state["releases"][state["latest"]]["tag_name"] == "0.2.0"


@pytest.mark.slow
@pytest.mark.parametrize("again", ["release", "release:yank"])
@pytest.mark.parametrize("point", KILLS)
def test_killed_anywhere_in_a_yank_it_is_resumed(at: At, point: str, again: str) -> None:
    shop = _published(at)
    run = shop.doit(*YANK, env=SECRET | {"SLIPWAY_KILL_AT": point})
    assert run.code == -signal.SIGKILL, run.err
    run = shop.release() if again == "release" else shop.doit(*YANK, env=SECRET)
    assert run.code == 0, run.err
    assert shop.release().code == 0
    shop.github.asked.clear()
    assert shop.release().ran == []
    assert all(asked.startswith("GET ") for asked in shop.github.asked)
    assert _page(shop)["name"] == "0.2.0 (yanked)"
    assert _page(shop)["body"].count("**Yanked** by Grace") == 1
    assert len(shop.github.repository.state["releases"]) == 1
