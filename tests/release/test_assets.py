"""Further outputs of the build as assets of the release, approved by their bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable

import pytest

from tests.journeys.conftest import At
from tests.project import Project

BUILD = (
    "import os, pathlib\n"
    "pathlib.Path('dist').mkdir()\n"
    "text = pathlib.Path('server/main.py').read_text()\n"
    "pathlib.Path('dist/shop').write_text('#!/usr/bin/env python3\\n' + text)\n"
    "pathlib.Path('dist/shop.1').write_text('man ' + os.environ['VERSION'] + '\\n')\n"
    "pathlib.Path('dist/notes').write_text(os.urandom(4).hex() if RANDOM else 'n')\n"
)


def _waiting(at: At, *, random: bool = False) -> Project:
    project = at("seeded")
    project.replace(
        "output: dist/shop}",
        "output: dist/shop, outputs: [dist/shop.1, dist/notes],"
        " assets: {shop-manual.1: dist/shop.1, notes: dist/notes}}",
    )
    project.commit("feat: a manual", {"build.py": BUILD.replace("RANDOM", str(random))})
    run = project.doit("release")
    assert run.code == 4, run.err
    return project


def _assets(project: Project) -> dict[str, str]:
    folder = project.world / "forge/releases/0.2.0/assets"
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_each_is_an_asset_with_its_checksum(at: At) -> None:
    project = _waiting(at)
    assert project.approve().code == 0
    run = project.doit("release")
    assert run.code == 0, run.err
    found = _assets(project)
    assert sorted(found) == ["checksums.txt", "notes", "shop", "shop-manual.1"]
    assert found["shop-manual.1"] == "man 0.2.0\n"
    assert found.pop("checksums.txt").splitlines() == [
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}"
        for name, text in sorted(found.items())
    ]
    assert project.doit("release").ran == []


def test_elsewhere_they_are_compiled_again_to_the_same_bytes(
    at: At, clone: Callable[[Project], Project]
) -> None:
    project = _waiting(at)
    assert project.approve().code == 0
    other = clone(project)
    shutil.copy(project.folder / "pipeline.yml", other.folder)
    run = other.doit("release")
    assert run.code == 0, run.err
    assert "compiled again, byte for byte those that were tested" in run.err
    assert _assets(project)["shop-manual.1"] == "man 0.2.0\n"


def test_other_bytes_are_never_published(at: At) -> None:
    project = _waiting(at, random=True)
    assert project.approve().code == 0
    (project.folder / "build/binary.outputs/dist/notes").write_text("other")
    run = project.doit("release")
    assert run.code == 2
    assert "the approved notes is not in this working tree, and compiling it again" in run.err
    assert project.releases() == {}


@pytest.mark.slow
def test_from_where_they_were_built_they_need_not_be_reproducible(at: At) -> None:
    project = _waiting(at, random=True)
    built = (project.folder / "build/binary.outputs/dist/notes").read_text()
    assert project.approve().code == 0
    run = project.doit("release")
    assert run.code == 0, run.err
    assert _assets(project)["notes"] == built


def test_an_empty_one_is_a_failed_build(at: At) -> None:
    project = at("seeded")
    more = "outputs: [dist/e], assets: {e: dist/e}}"
    project.replace("output: dist/shop}", f"output: dist/shop, {more}")
    build = BUILD[: BUILD.rindex("pathlib")] + "pathlib.Path('dist/e').touch()\n"
    project.commit("feat: nothing", {"build.py": build})
    run = project.doit("release")
    assert run.code == 1
    assert "a release has no empty asset e" in run.err


def test_a_plan_knows_them(at: At) -> None:
    project = _waiting(at)
    assert project.approve().code == 0
    steps = json.loads(project.doit("plan", "release", "--json").out)
    [draft] = [step for step in steps if step["name"] == "draft"]
    assert draft["foreseen"]["means"] == (
        "a draft of release 0.2.0 with checksums.txt, notes, shop, shop-manual.1"
    )
