"""How long to wait between attempts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.registry.retry import pause, seconds

NOW = datetime(2026, 1, 1, 0, 0, 0, tzinfo=UTC)


def test_pauses_grow_and_have_a_limit() -> None:
    assert [pause(attempt, None) for attempt in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]


def test_what_the_server_asks_for_counts() -> None:
    assert pause(1, 30) == 30
    assert pause(1, -5) == 0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("3", 3),
        ("Thu, 01 Jan 2026 00:00:10 GMT", 10),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, expected: float | None) -> None:
    assert seconds(header, NOW) == expected
