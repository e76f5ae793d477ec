"""Effects: observe, act, verify, receipt; whatever happens, the wanted thing is made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.kernel import effects, facts, paths
from tasks.kernel.config import Config, load
from tasks.kernel.effects import Again, Effect, Seen, Skip, carry_out, foresee
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import UNKNOWN, Forecast, World


@pytest.fixture(scope="module")
def config() -> Config:
    return load(paths.ROOT / "pipeline.yml")


@pytest.fixture
def world(tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    return World(config, tmp_path)


@dataclass
class Outside:
    """A shelf, and the ways in which putting something on it may go wrong."""

    shelf: dict[str, str] = field(default_factory=dict)
    acts: int = 0
    trouble: Callable[[Outside], None] | None = None

    def want(self, world: World) -> str | Skip:
        return "cup"

    def observe(self, world: World, wanted: str) -> Seen:
        there = self.shelf.get(wanted)
        return Seen(there is not None, there or "nothing", {"colour": there or UNKNOWN})

    def act(self, world: World, wanted: str, seen: Seen) -> str:
        self.acts += 1
        if self.trouble:
            self.trouble(self)
        self.shelf.setdefault(wanted, "blue")
        return f"put a {wanted}"

    def effect(self) -> Effect[str]:
        return Effect(
            "shelve",
            "shelf",
            self.want,
            self.observe,
            self.act,
            lambda wanted, seen: {"shelf": {wanted: seen.facts["colour"]}},
            lambda wanted: f"put a {wanted} on the shelf",
        )


def _receipt(world: World) -> object:
    return world.json(paths.receipt("shelve"))


def test_what_is_there_is_not_made_again(world: World) -> None:
    outside = Outside({"cup": "red"})
    assert carry_out(outside.effect(), world) == "red"
    assert outside.acts == 0
    assert _receipt(world) == {"claims": {"shelf": {"cup": "red"}}, "colour": "red"}


def test_what_is_missing_is_made_once_and_written_down(world: World) -> None:
    outside = Outside()
    assert carry_out(outside.effect(), world) == "put a cup"
    first = world.read(paths.receipt("shelve"))
    carry_out(outside.effect(), world)
    assert outside.acts == 1
    assert world.read(paths.receipt("shelve")) == first
    assert "put a cup on the shelf" in (world.root / "build/logs/effects.log").read_text()


def test_a_lost_reply_is_adopted(world: World) -> None:
    def lost(outside: Outside) -> None:
        outside.shelf["cup"] = "blue"
        raise SlipwayError("connection reset")

    outside = Outside(trouble=lost)
    assert carry_out(outside.effect(), world) == "blue (adopted)"
    assert _receipt(world) == {"claims": {"shelf": {"cup": "blue"}}, "colour": "blue"}


def test_an_act_that_failed_fails_and_leaves_no_receipt(world: World) -> None:
    def refused(outside: Outside) -> None:
        raise SlipwayError("no room")

    with pytest.raises(SlipwayError, match="no room"):
        carry_out(Outside(trouble=refused).effect(), world)
    assert not world.exists(paths.receipt("shelve"))


def test_what_cannot_be_seen_afterwards_is_an_error(world: World) -> None:
    outside = Outside()
    effect = outside.effect()
    blind = Effect(
        effect.task,
        effect.port,
        effect.want,
        lambda world, wanted: Seen(False, "nothing"),
        effect.act,
        effect.claims,
        effect.means,
    )
    with pytest.raises(SlipwayError, match="put a cup on the shelf: done, but it cannot be seen"):
        carry_out(blind, world)
    assert not world.exists(paths.receipt("shelve"))


def test_nothing_to_want_is_success_with_a_reason(world: World) -> None:
    outside = Outside()
    outside.want = lambda world: Skip("the shelf is closed")  # type: ignore[method-assign]
    says = carry_out(outside.effect(), world)
    assert says == "the shelf is closed"
    assert isinstance(says, effects.Skipped)
    assert _receipt(world) == {"claims": {}, "skipped": "the shelf is closed"}


def test_a_decision_that_was_overtaken_is_made_afresh(world: World) -> None:
    def twice(outside: Outside) -> None:
        if outside.acts < 3:
            raise Again("somebody moved the shelf")

    outside = Outside(trouble=twice)
    assert carry_out(outside.effect(), world) == "put a cup"
    assert outside.acts == 3


def test_a_decision_that_is_always_overtaken_gives_up(world: World) -> None:
    def always(outside: Outside) -> None:
        raise Again("somebody moved the shelf")

    outside = Outside(trouble=always)
    with pytest.raises(SlipwayError, match="somebody moved the shelf"):
        carry_out(outside.effect(), world)
    assert 1 < outside.acts < 50


def test_a_forecast_goes_up_to_the_act_and_writes_only_in_memory(
    world: World, tmp_path: Path
) -> None:
    outside = Outside()
    ahead = Forecast(world, tmp_path / "scratch")
    told = foresee(outside.effect(), ahead)
    assert (told.port, told.means, told.says) == ("shelf", "put a cup on the shelf", "nothing")
    assert outside.acts == 0
    assert not (tmp_path / "build").exists()
    assert ahead.sightings("shelf") == {"cup": UNKNOWN}
    assert paths.receipt("shelve") in ahead.unsure


def test_a_forecast_of_what_is_there_is_the_receipt_itself(world: World, tmp_path: Path) -> None:
    outside = Outside({"cup": "red"})
    carry_out(outside.effect(), world)
    ahead = Forecast(world, tmp_path / "scratch")
    told = foresee(outside.effect(), ahead)
    assert (told.port, told.means) == ("", "")
    assert ahead.read(paths.receipt("shelve")) == world.read(paths.receipt("shelve"))
    assert not ahead.unsure


def test_a_receipt_is_canonical(world: World) -> None:
    carry_out(Outside({"cup": "red"}).effect(), world)
    content = world.read(paths.receipt("shelve"))
    assert content == facts.canonical(json.loads(content or b""))
