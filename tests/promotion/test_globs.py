"""Globs match as cepler's do, for every verdict that was recorded from the original matcher."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from tasks.promotion.engine.globs import BadGlob, any_of, matches

KNOWN = json.loads((Path(__file__).parent / "globs.json").read_text())


@pytest.mark.parametrize("pattern", KNOWN["verdicts"])
def test_every_recorded_verdict(pattern: str) -> None:
    verdicts = KNOWN["verdicts"][pattern]
    assert [path for path in verdicts.get("match", []) if not matches(pattern, path)] == []
    assert [path for path in verdicts.get("no", []) if matches(pattern, path)] == []


@pytest.mark.parametrize("reason", KNOWN["refused"])
def test_every_recorded_refusal(reason: str) -> None:
    for pattern in KNOWN["refused"][reason]:
        with pytest.raises(BadGlob) as refused:
            any_of([pattern])
        assert refused.value.reason == reason, pattern


@pytest.mark.parametrize(
    ("pattern", "path", "verdict"),
    [
        ("*.yml", ".yml", True),  # the star matches nothing, the dot is written out
        ("*?yml", ".yml", False),
        ("[.]x", ".x", False),
        ("app/**", "app", False),
        ("app/**/x", "app/x", True),
        ("[z-a]", "b", False),
        ("[!z-a]", "b", True),
        ("a[/]b", "a/b", False),
        ("a[!x]b", "a/b", False),
        ("{a,b}", "a", False),
        ("{a,b}", "{a,b}", True),
        ("[^a]", "^", True),
        ("*", "a\nb", True),
    ],
)
def test_the_corners(pattern: str, path: str, verdict: bool) -> None:
    assert matches(pattern, path) is verdict


def test_no_pattern_matches_nothing() -> None:
    assert not any_of([])("")
    assert not any_of([])("a")


def test_a_refusal_survives_the_way_out_of_a_worker() -> None:
    with pytest.raises(BadGlob) as refused:
        any_of(["it's***"])
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own bytes
    assert str(again) == str(refused.value)
