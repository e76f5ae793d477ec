"""A whole release on GitHub, as strict as the fake is: to the gate, past it, idle, and killed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import git as g
from tests.forge.fake_github import TOKEN, FakeGithub
from tests.project import Project, Run

At = Callable[[str], "Shop"]
SECRET = {"SLIPWAY_GITHUB_TOKEN": TOKEN}


class Shop(Project):
    """The small project, with its forge on GitHub; its remote is the repository below that."""

    github: FakeGithub

    def release(self, kill: str = "") -> Run:
        """Release, or be killed on the way."""
        return self.doit("release", env=SECRET | ({"SLIPWAY_KILL_AT": kill} if kill else {}))

    def approve(self) -> Run:
        """Say yes at the gate."""
        return self.doit("approve:release", "--by=Grace", "--why=looks right", env=SECRET)

    def told(self) -> dict[str, Any]:
        """Return all that GitHub knows, but for what numbers and hours would make different."""
        state = self.github.repository.state
        pulls = [
            {key: pull[key] for key in ("number", "title", "state", "draft", "labels", "body")}
            for pull in state["pulls"].values()
        ]
        releases = [
            {key: release[key] for key in ("tag_name", "target_commitish", "draft", "body")}
            for release in state["releases"].values()
        ]
        assets = sorted((asset["name"], asset["sha256"]) for asset in state["assets"].values())
        refs = {name: at for name, at in self.refs().items() if name != "refs/heads/main"}
        return {
            "pulls": pulls,
            "releases": releases,
            "assets": assets,
            "comments": state["comments"],
            "refs": refs,
            "images": self.images(),
        }


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGithub]:
    nowhere = tmp_path_factory.mktemp("nowhere")
    with FakeGithub(nowhere, nowhere) as served:
        yield served


def _seed(shop: Shop) -> None:
    shop.seed()
    there = f'{{kind: github, repository: shop/shop, api: "{shop.github.url}"}}'
    shop.replace("{kind: local, path: world/forge}", there)


def _wait(shop: Shop) -> None:
    run = shop.release()
    assert run.code == 4, run.err


def _say_yes(shop: Shop) -> None:
    run = shop.approve()
    assert run.code == 0, run.err


def _publish(shop: Shop) -> None:
    run = shop.release()
    assert run.code == 0, run.err


STATIONS: dict[str, Callable[[Shop], None]] = {
    "seeded": _seed,
    "waiting": _wait,
    "approved": _say_yes,
    "released": _publish,
}


@pytest.fixture(scope="module")
def stations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"": tmp_path_factory.mktemp("stations")}


def _open(shop: Shop, github: FakeGithub) -> Shop:
    github.use(shop.folder / "github", shop.source)
    github.asked.clear()
    shop.github = github
    return shop


@pytest.fixture
def at(github: FakeGithub, stations: dict[str, Path], tmp_path: Path) -> Iterator[At]:
    def make(station: str) -> Shop:
        before = ""
        for name, go_on in STATIONS.items():
            if name not in stations:
                folder = stations[""] / name
                shutil.rmtree(folder, ignore_errors=True)
                shop = _copied(stations[before], folder) if before else Shop(folder)
                go_on(_open(shop, github))
                stations[name] = folder
            if name == station:
                break
            before = name
        return _open(_copied(stations[station], tmp_path / "project"), github)

    yield make
    assert github.strange == []
    shutil.rmtree(tmp_path / "project", ignore_errors=True)


def _copied(folder: Path, to: Path) -> Shop:
    shop = Shop.copy(folder, to)
    assert isinstance(shop, Shop)
    return shop


def test_a_release_from_the_commit_to_its_publication(at: At) -> None:
    shop = at("seeded")
    head = shop.refs()["refs/heads/main"]

    run = shop.release()

    assert run.code == 4, run.err
    assert "a human merges pull request #1 (https://github.com/shop/shop/pull/1)" in run.err
    [pull] = shop.told()["pulls"]
    assert (pull["state"], pull["draft"], pull["labels"]) == ("open", True, ["promote-rc"])
    assert shop.tags()["0.2.0-rc.1"] == head

    run = shop.approve()
    assert run.code == 0, run.err
    assert "Approved-by: Grace\nReason: looks right" in _message(shop)

    run = shop.release()

    assert run.code == 0, run.err
    [release] = shop.told()["releases"]
    assert (release["tag_name"], release["draft"]) == ("0.2.0", False)
    assert release["target_commitish"] == shop.tags()["0.2.0"] == head
    assert "A second shelf" in release["body"]
    assert [name for name, _ in shop.told()["assets"]] == ["checksums.txt", "shop"]

    before = shop.told()
    for _ in range(2):
        shop.github.asked.clear()
        run = shop.release()
        assert (run.code, run.ran) == (0, [])
        assert all(asked.startswith("GET ") for asked in shop.github.asked)
        assert len(shop.github.asked) < 8, shop.github.asked
    assert shop.told() == before
    assert not _leaks(shop)


def _message(shop: Shop) -> str:
    return g.text("log", "-1", "--format=%B", "main", repo=shop.source)


def _leaks(shop: Shop) -> list[str]:
    """Return the files of the working tree that hold the token."""
    files = [path for path in (shop.folder / "build").rglob("*") if path.is_file()]
    files += [shop.folder / ".doit.db"]
    return [str(path) for path in files if TOKEN.encode() in path.read_bytes()]


@pytest.mark.parametrize("point", ["promote:observed", "promote:acted", "promote:recorded"])
def test_killed_at_the_promotion(at: At, point: str, tmp_path: Path) -> None:
    shop = at("seeded")
    assert shop.release(point).code == -signal.SIGKILL
    run = shop.release()
    assert run.code == 4, run.err
    assert shop.release().ran == ["gate"]
    assert shop.github.count("POST /repos/shop/shop/pulls") == 1
    killed = shop.told()
    assert killed == at_again(at, "waiting", tmp_path).told()


# Between act and receipt is where it matters most.
KILLS = [
    pytest.param(
        f"{task}:{point}", marks=() if point == "acted" and task != "tag" else pytest.mark.slow
    )
    for task in ("draft", "tag", "publish")
    for point in ("observed", "acted", "recorded")
]


@pytest.mark.parametrize("point", KILLS)
def test_killed_behind_the_gate(at: At, point: str, tmp_path: Path) -> None:
    shop = at("approved")
    assert shop.release(point).code == -signal.SIGKILL
    run = shop.release()
    assert run.code == 0, run.err
    assert shop.release().ran == []
    assert shop.github.count("POST /repos/shop/shop/releases") == 1
    assert shop.github.count("POST /uploads/.*") == 2
    killed = shop.told()

    undisturbed = at_again(at, "approved", tmp_path)
    assert undisturbed.release().code == 0
    assert undisturbed.told() == killed


def at_again(at: At, station: str, folder: Path) -> Shop:
    """Return another project at a station, in place of the one that was there."""
    shutil.rmtree(folder / "project")
    return at(station)


LOST = [
    ("POST", "/pulls$", "seeded", 4),
    ("POST", "/releases$", "approved", 0),
    ("POST", "/uploads/", "approved", 0),
    ("PATCH", r"/releases/\d+$", "approved", 0),
]


@pytest.mark.parametrize(("method", "path", "station", "code"), LOST)
def test_an_answer_that_gets_lost_on_the_way(
    at: At, method: str, path: str, station: str, code: int
) -> None:
    shop = at(station)
    shop.github.trouble(method, path, "lost")
    run = shop.release()
    assert run.code == code, run.err
    assert shop.github.troubles == []
    told = shop.told()
    assert len(told["pulls"]) == 1
    assert len(told["releases"]) == (1 if code == 0 else 0)
    assert shop.release().acted == set()


def test_a_plan_asks_and_changes_nothing(at: At) -> None:
    shop = at("approved")
    before = shop.told()
    run = shop.doit("plan", "release", env=SECRET)
    assert run.code == 0, run.err
    assert "publish release 0.2.0" in run.out
    assert all(asked.startswith("GET ") for asked in shop.github.asked)
    assert shop.told() == before


def test_without_a_token_nothing_is_changed_and_it_says_what_to_set(at: At) -> None:
    shop = at("waiting")
    run = shop.doit("release")
    assert run.code == 2
    assert "there is no token for GitHub" in run.err
    assert "SLIPWAY_GITHUB_TOKEN" in run.err
    assert shop.github.asked == []


def test_a_human_merges_on_githubs_page(at: At) -> None:
    shop = at("waiting")
    shop.merge_by_hand("bot-promote-rc")
    run = shop.release()
    assert run.code == 0, run.err
    assert shop.github.count("PUT .*") == 0
    [pull] = shop.told()["pulls"]
    assert pull["state"] == "closed"


def test_a_newer_candidate_takes_the_pull_request_over(at: At) -> None:
    shop = at("waiting")
    shop.commit("fix: the second shelf holds", {"server/main.py": "print('holds')\n"})
    run = shop.release()
    assert run.code == 4, run.err
    told = shop.told()
    [pull] = told["pulls"]
    assert "0.2.0-rc.2" in pull["body"]
    assert pull["draft"]
    [comment] = told["comments"]["1"]
    assert "takes over from 0.2.0-rc.1" in comment
