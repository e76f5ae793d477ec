"""The world on disk, and the one in memory that a plan runs in; receipts and what wakes a task."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.kernel import paths, receipts
from tasks.kernel import world as worlds
from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError
from tasks.kernel.receipts import Always, Configured, Holds, Untouched
from tasks.kernel.world import UNKNOWN, Forecast, World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    config = load(paths.ROOT / "pipeline.yml")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(worlds, "_config", config)
    return World(config, tmp_path)


def test_a_forecast_reads_through_and_keeps_its_writes(world: World, tmp_path: Path) -> None:
    world.write_json("build/a.json", {"a": 1})
    ahead = Forecast(world, tmp_path / "scratch")
    assert ahead.json("build/a.json") == {"a": 1}
    assert ahead.write_json("build/a.json", {"a": 2})
    assert not ahead.write_json("build/a.json", {"a": 2})
    assert ahead.json("build/a.json") == {"a": 2}
    assert world.json("build/a.json") == {"a": 1}
    assert ahead.exists("build/a.json")
    assert not ahead.exists("build/b.json")


def test_what_only_a_run_can_know_counts_as_changed(world: World, tmp_path: Path) -> None:
    ahead = Forecast(world, tmp_path / "scratch")
    assert ahead.write_json("build/a.json", {"deep": [{"digest": UNKNOWN}]})
    assert ahead.unsure == {"build/a.json"}
    ahead.write_json("build/a.json", {"deep": [{"digest": "known"}]})
    assert ahead.unsure == set()


def test_a_plan_shares_no_scratch_folder_with_a_run(world: World, tmp_path: Path) -> None:
    ahead = Forecast(world, tmp_path / "scratch")
    assert ahead.work("changelog") != world.work("changelog")
    assert ahead.work("changelog").is_relative_to(tmp_path / "scratch")


def test_a_fact_that_is_missing_or_spoilt_says_what_to_do(world: World) -> None:
    with pytest.raises(SlipwayError, match=r"build/a\.json is missing"):
        world.json("build/a.json")
    world.write("build/a.json", b"{")
    with pytest.raises(SlipwayError, match=r"rm build/a\.json"):
        world.json("build/a.json")
    assert world.json_or("build/a.json", {"known": True}) == {"known": True}


def test_claims_are_compared_with_what_the_observer_saw(world: World) -> None:
    claims = {"registry": {"web:1": "sha256:a", "web:edge": receipts.ANY}}
    world.see("registry", {"web:1": "sha256:a", "web:edge": "sha256:z"})
    assert receipts.broken(claims, world) == []
    world.see("registry", {"web:1": "sha256:b"})
    assert receipts.broken(claims, world) == [
        "registry has another web:1",
        "registry has no web:edge any more",
    ]


def test_an_observer_is_told_what_all_receipts_claim(world: World) -> None:
    world.write_json(paths.receipt("push:web"), {"claims": {"registry": {"web:1": "a"}}})
    world.write_json(paths.receipt("push:db"), {"claims": {"registry": {"db:1": "b"}}})
    world.write_json(paths.receipt("tag"), {"claims": {"source": {"refs/tags/1": "c"}}})
    world.write(paths.receipt("spoilt"), b"not json")
    assert receipts.claimed(world, "registry") == {"web:1": "a", "db:1": "b"}


def test_an_effect_wakes_when_its_claim_is_broken_or_its_receipt_spoilt(world: World) -> None:
    holds = Holds("push:web")
    assert holds.why(world, {}) == []  # a missing target is doit's own matter
    world.write_json(paths.receipt("push:web"), {"claims": {"registry": {"web:1": "a"}}})
    assert holds.why(world, {}) == ["registry has no web:1 any more"]
    world.see("registry", {"web:1": "a"})
    assert holds.why(world, {}) == []
    world.write(paths.receipt("push:web"), b"")
    assert "is not JSON any more" in holds.why(world, {})[0]
    assert holds(SimpleNamespace(), {}) is False


def test_settings_wake_a_task_only_when_they_changed(world: World) -> None:
    before, after = Configured({"a": 1}), Configured({"a": 2})
    task = SimpleNamespace(value_savers=[])
    assert before(task, {}) is False
    saved = task.value_savers[0]()
    assert before(SimpleNamespace(value_savers=[]), saved) is True
    assert after.why(world, saved) == ["its settings changed"]


def test_a_target_that_somebody_changed_wakes_its_task(world: World) -> None:
    world.write("build/a.txt", b"made\n")
    untouched = Untouched(["build/a.txt", "build/none.txt"])
    saved = untouched.saved()
    assert untouched.why(world, saved) == []
    path = world.path("build/a.txt")
    stat = path.stat()
    path.write_bytes(b"edit\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert untouched.why(world, saved) == ["build/a.txt was changed by somebody"]
    path.write_bytes(b"made\n")
    assert untouched.why(world, saved) == []


def test_an_observer_always_runs(world: World) -> None:
    assert Always("observes").why(world, {}) == ["observes"]
