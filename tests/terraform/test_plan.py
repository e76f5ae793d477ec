"""What a plan would do: every action counts, or is refused; addresses stay whole."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.kernel.errors import Failed
from tasks.terraform.plan import Plan, read


def plan(**changes: list[str]) -> Plan:
    told: dict[str, Any] = {
        "resource_changes": [
            {"address": f'a.{name}["main db"]', "change": {"actions": actions}}
            for name, actions in changes.items()
        ]
    }
    return read(told, empty=False, serial=1, lineage="x")


def test_what_is_destroyed_is_named_as_a_whole() -> None:
    found = plan(b=["delete"], c=["create"], d=["delete", "create"], e=["no-op"], f=["read"])
    assert found.destroys == ('a.b["main db"]',)
    assert found.summary == {"add": 1, "change": 0, "replace": 1, "destroy": 1}


def test_what_is_made_is_told_from_all_that_there_is() -> None:
    found = plan(
        b=["delete"], c=["create", "forget"], d=["delete", "create"], e=["no-op"], f=["create"]
    )
    assert found.makes == tuple(f'a.{name}["main db"]' for name in "cdf")
    assert found.addresses == tuple(f'a.{name}["main db"]' for name in "bcdef")


@pytest.mark.parametrize("actions", [["create", "forget"], ["forget", "create"]])
def test_what_is_let_go_for_a_new_one_is_told(actions: list[str]) -> None:
    found = plan(b=actions)
    assert found.lines == ('replace  a.b["main db"] (the one before is let go, and stays)',)
    assert found.replace == 1


@pytest.mark.parametrize("actions", [["vanish"], ["delete", "forget"], []])
def test_what_no_guard_knows_is_refused(actions: list[str]) -> None:
    with pytest.raises(Failed, match="what is not known here"):
        plan(b=actions)
