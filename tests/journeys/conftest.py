"""Projects at the stations of a release, made once a worker and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import Project
from tests.sandboxed import sandboxed, shelf

__all__ = ["_tidy", "at", "clone", "sandboxed", "shelf", "stations"]

At = Callable[[str], Project]


def _seeded(project: Project) -> None:
    project.seed()


def _waiting(project: Project) -> None:
    assert project.doit("release").code == 4


def _approved(project: Project) -> None:
    assert project.approve().code == 0


def _released(project: Project) -> None:
    assert project.doit("release").code == 0


STATIONS = {"seeded": _seeded, "waiting": _waiting, "approved": _approved, "released": _released}


@pytest.fixture(scope="session")
def stations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Hold what was made so far: name of the station → folder."""
    return {"": tmp_path_factory.mktemp("stations")}


@pytest.fixture
def at(stations: dict[str, Path], tmp_path: Path) -> At:
    """Return a project at a station: seeded, waiting at the gate, approved, or released."""

    def make(station: str) -> Project:
        before = ""
        for name, go_on in STATIONS.items():
            if name not in stations:
                folder = stations[""] / name
                shutil.rmtree(folder, ignore_errors=True)  # what a failed attempt left
                project = Project.copy(stations[before], folder) if before else Project(folder)
                go_on(project)
                stations[name] = folder
            if name == station:
                break
            before = name
        return Project.copy(stations[station], tmp_path / "project")

    return make


@pytest.fixture
def clone(tmp_path: Path) -> Callable[[Project], Project]:
    """Return a function that makes a fresh working tree for the same world outside."""

    def make(project: Project) -> Project:
        folder = tmp_path / f"clone{len(list(tmp_path.glob('clone*')))}"
        return Project(folder, project.world.resolve())

    return make


@pytest.fixture(autouse=True)
def _tidy(tmp_path: Path) -> object:
    yield
    shutil.rmtree(tmp_path / "project", ignore_errors=True)
