"""The names that move: forward only, whoever comes late."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.images.context import VERSION
from tasks.images.moving import may_move, move
from tasks.registry import LayoutRegistry
from tests.images.contexts import DOCKERFILE, SAMPLE, make, run


class Line:
    """A repository with an image for each version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = LayoutRegistry(folder / "registry")

    def push(self, version: str, tag: str = "", *, label: bool = True) -> str:
        place = self.folder / (tag or version)
        context = make(place / "context", DOCKERFILE, SAMPLE | {"app": version})
        built = run(context, labels={VERSION: version} if label else {})
        self.registry.push("web", place / "image", tag or version)
        return built.digest

    def move(self, name: str, version: str, digest: str) -> bool:
        return move(self.registry, "web", name, version, digest)

    def at(self, name: str) -> str | None:
        return self.registry.resolve("web", name)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


FORWARD = [
    ("1.0.0-rc.1", "1.0.0-rc.2"),
    ("1.0.0-rc.9", "1.0.0-rc.10"),
    ("1.0.0-rc.12", "1.1.0-rc.1"),
    ("1.0.0-rc.1", "1.0.0"),
    ("1.9.0", "1.10.0"),
    ("9.0.0", "10.0.0"),
]


@pytest.mark.parametrize(("older", "newer"), FORWARD)
def test_a_name_goes_on_and_never_back(line: Line, older: str, newer: str) -> None:
    first, second = line.push(older), line.push(newer)
    assert line.move("edge", older, first)
    assert line.move("edge", newer, second)
    assert not line.move("edge", older, first)
    assert not may_move(line.registry, "web", "edge", older)
    assert line.at("edge") == second


def test_a_missing_name_is_set_to_anything(line: Line) -> None:
    digest = line.push("0.1.0")
    assert may_move(line.registry, "web", "latest", "0.1.0")
    assert line.move("latest", "0.1.0", digest)
    assert line.at("latest") == digest


def test_where_it_is_right_already_nothing_is_written(line: Line) -> None:
    digest = line.push("1.0.0")
    line.move("latest", "1.0.0", digest)
    before = (line.registry.root / "web/index.json").stat().st_mtime_ns
    assert not line.move("latest", "1.0.0", digest)
    assert (line.registry.root / "web/index.json").stat().st_mtime_ns == before


def test_another_image_of_the_same_version_may_take_its_place(line: Line) -> None:
    """Whose tag it is was decided by the fixed tag; the moving one follows that."""
    theirs, ours = line.push("1.0.0", "theirs"), line.push("1.0.0", "1.0.0")
    line.registry.move("web", "latest", theirs)
    line.move("latest", "1.0.0", ours)
    assert line.at("latest") == ours


@pytest.mark.parametrize("label", ["nightly", "", "v2", "1.0"])
def test_an_image_that_says_no_version_holds_nobody_up(line: Line, label: str) -> None:
    theirs = line.push(label, "theirs")
    line.registry.move("web", "edge", theirs)
    ours = line.push("0.1.0-rc.1")
    assert line.move("edge", "0.1.0-rc.1", ours)
    assert line.at("edge") == ours


def test_nor_does_an_image_without_labels(line: Line) -> None:
    theirs = line.push("9.9.9", "theirs", label=False)
    line.registry.move("web", "edge", theirs)
    assert line.move("edge", "0.1.0-rc.1", line.push("0.1.0-rc.1"))


def test_names_move_by_themselves(line: Line) -> None:
    first, second = line.push("1.0.0"), line.push("1.1.0-rc.1")
    line.move("latest", "1.0.0", first)
    line.move("edge", "1.1.0-rc.1", second)
    assert (line.at("latest"), line.at("edge")) == (first, second)
