"""The races of tests/deploy/test_races.py a hundred times over: no figure, but minutes."""

from __future__ import annotations

import pytest

from tests.deploy.test_races import pair, race
from tests.promotion.line import Line

__all__ = ["pair"]

pytestmark = pytest.mark.bench


def test_two_clones_race_a_hundred_times(pair: tuple[Line, Line]) -> None:
    race(pair, 100)
