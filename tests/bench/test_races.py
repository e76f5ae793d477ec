"""The races of tests/deploy a hundred times, ten with real Terraform: no figure, but minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.elsewhere import Where, http, s3
from tests.deploy.test_races import pair, race
from tests.deploy.test_state_races import race as race_for_a_state
from tests.promotion.line import Line

__all__ = ["pair"]

pytestmark = pytest.mark.bench


def test_two_clones_race_a_hundred_times(pair: tuple[Line, Line]) -> None:
    race(pair, 100)


@pytest.mark.parametrize("where", [http, s3], ids=["http", "s3"])
def test_two_clones_deploy_to_one_state_ten_times(where: Where, tmp_path: Path) -> None:
    with where() as server:
        race_for_a_state(tmp_path, server, 10)
