"""Somebody edits what a task left: it notices, makes it again, and the ripple stops there."""

from __future__ import annotations

import json

import pytest

from tests.journeys.conftest import At

LEFT = [
    ("build/version.json", {"version"}),
    ("build/candidate/inputs/server", {"version"}),
    ("build/binary.json", {"binary"}),
    ("build/binary/shop", {"binary"}),
    ("build/apps/web.env", {"app:web"}),
    ("build/images/web.json", {"image:web"}),
    ("build/changelog/section.md", {"changelog"}),
    ("build/checks/unit.json", {"check:unit"}),
    ("build/receipts/push.web.json", {"push:web"}),
    ("build/receipts/candidate.json", {"candidate"}),
    ("build/receipts/promote.json", {"promote"}),
]


@pytest.mark.parametrize("how", ["edited", "emptied"])
@pytest.mark.parametrize(("path", "again"), LEFT, ids=[path for path, _ in LEFT])
def test_a_tampered_fact_is_made_again(at: At, path: str, again: set[str], how: str) -> None:
    project = at("waiting")
    file = project.folder / path
    before, outside, effects = file.read_bytes(), project.outside(), project.effects()
    if how == "emptied":
        file.write_bytes(b"")
    elif path.endswith(".json"):
        file.write_text(json.dumps(json.loads(before) | {"version": "9.9.9", "claims": {}}))
    else:
        file.write_bytes(before + b"tampered\n")

    run = project.doit("release")

    assert run.code == 4, run.err
    assert run.acted == again
    assert file.read_bytes() == before
    assert project.outside() == outside
    assert project.effects() == effects
    assert project.doit("release").ran == ["gate"]
