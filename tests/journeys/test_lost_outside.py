"""Something that we made outside is gone: it is noticed, and exactly one effect makes it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tasks.kernel import git as g
from tests.journeys.conftest import At
from tests.project import Project

Loss = Callable[[Project], None]


def _ref(name: str) -> Loss:
    def lose(project: Project) -> None:
        g.git("update-ref", "-d", name, repo=project.source)

    return lose


def _tag_of(repository: str, tag: str) -> Loss:
    def lose(project: Project) -> None:
        from tasks.registry import LayoutRegistry

        LayoutRegistry(project.world / "registry").delete_tag(repository, tag)

    return lose


def _pull(project: Project) -> None:
    (project.world / "forge/pulls/1.json").unlink()


def _release(project: Project) -> None:
    shutil.rmtree(project.world / "forge/releases/0.2.0")


def _moving(repository: str, tag: str) -> Loss:
    return _tag_of(repository, tag)


AT_THE_GATE: list[tuple[str, Loss, set[str]]] = [
    ("the candidate's tag", _ref("refs/tags/0.2.0-rc.1"), {"candidate"}),
    ("the promotion branch", _ref("refs/heads/bot-promote-rc"), {"promote"}),
    ("the pull request", _pull, {"promote"}),
    ("an image's tag", _tag_of("web", "0.2.0-rc.1"), {"push:web"}),
    ("edge", _moving("server", "edge"), {"push:server"}),
    ("the reservation", _ref("refs/slipway/candidates/0.2.0-rc.1"), {"version"}),
]
PUBLISHED: list[tuple[str, Loss, set[str]]] = [
    ("the final tag", _ref("refs/tags/0.2.0"), {"tag"}),
    ("the version counter", _ref("refs/heads/version"), {"counter"}),
    ("a final image", _tag_of("server", "0.2.0"), {"final:server"}),
    ("latest", _moving("web", "latest"), {"final:web"}),
    # A release that is gone takes its assets with it, and what was public is published again.
    ("the release", _release, {"draft", "publish"}),
]


def _names(cases: list[tuple[str, Loss, set[str]]]) -> list[str]:
    return [case[0] for case in cases]


def _check(project: Project, lose: Loss, again: set[str], code: int) -> None:
    before = project.outside()
    lose(project)
    assert project.outside() != before
    effects = len(project.effects())

    run = project.doit("release")

    assert run.code == code, run.err
    assert run.acted == again
    made = set(project.effects()[effects:])
    assert made <= again
    after = project.outside()
    assert after["images"] == before["images"]
    assert after["releases"] == before["releases"]
    assert [pull["state"] for pull in project.pulls()] == [p["state"] for p in before["pulls"]]  # type: ignore[attr-defined]
    assert project.doit("release").ran == (["gate"] if code else [])


@pytest.mark.parametrize(("_what", "lose", "again"), AT_THE_GATE, ids=_names(AT_THE_GATE))
def test_lost_while_a_human_decides(at: At, _what: str, lose: Loss, again: set[str]) -> None:
    _check(at("waiting"), lose, again, 4)


@pytest.mark.parametrize(("_what", "lose", "again"), PUBLISHED, ids=_names(PUBLISHED))
def test_lost_after_publication(at: At, _what: str, lose: Loss, again: set[str]) -> None:
    _check(at("released"), lose, again, 0)


def test_a_tag_that_stands_elsewhere_is_an_error_that_names_both(at: At) -> None:
    project = at("released")
    elsewhere = project.refs()["refs/heads/main"]
    right = project.tags()["0.2.0"]
    g.git("update-ref", "refs/tags/0.2.0", elsewhere, repo=project.source)
    run = project.doit("release")
    assert run.code == 2
    assert elsewhere in run.err
    assert right in run.err
    assert project.tags()["0.2.0"] == elsewhere


def test_another_image_under_our_version_is_an_error_that_names_both(at: At) -> None:
    project = at("waiting")
    registry = project.world / "registry/web"
    theirs = project.images()["server"]["0.2.0-rc.1"]
    shutil.rmtree(registry)
    shutil.copytree(project.world / "registry/server", registry)
    run = project.doit("release")
    assert run.code == 2
    assert "✗ push:web" in run.err
    assert theirs in run.err
    assert project.images()["web"]["0.2.0-rc.1"] == theirs
