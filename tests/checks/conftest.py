"""A small source, and checks of it that are made up on the spot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.checks.chosen import observe
from tasks.checks.subject import Subject
from tasks.checks.verdict import judge
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import Check
from tasks.kernel.world import World
from tests.rooms import Outside

HEAD = Subject()


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside(tmp_path / "shop")
    monkeypatch.setattr(paths, "ROOT", outside.folder)
    return outside


@pytest.fixture
def world(outside: Outside) -> World:
    return outside.start()


Declare = Callable[..., Check]


@pytest.fixture
def declare(world: World) -> Declare:
    """Return a function that declares a check of Python code."""

    plain = world.config.checks["unit"]

    def make(code: str, name: str = "unit", **changes: Any) -> Check:
        for key in ("before", "after"):
            if isinstance(changes.get(key), str):
                changes[key] = ("python3", "-c", changes[key])
        command = ("python3", "-c", code)
        check = replace(plain, name=name, command=command, **changes)
        world.config.checks[name] = check
        return check

    return make


def branch_off(outside: Outside, name: str) -> None:
    """Make a branch of the source at the tip of main."""
    main = g.text("rev-parse", "refs/heads/main", repo=outside.source)
    g.git("update-ref", f"refs/heads/{name}", main, repo=outside.source)


def on(world: World, ref: str) -> Subject:
    """Return what `ref=` names, after a look at it."""
    observe(ref, world)
    return Subject(ref)


def says(world: World, check: Check, subject: Subject = HEAD) -> str:
    """Judge, and return the words for the screen."""
    return judge(check, subject, world)
