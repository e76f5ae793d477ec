"""`chart:values:PLACE`: what each place tells the chart, in a commit on the deployments."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tasks.chart import rendering, values
from tasks.kernel import git as g
from tasks.kernel import paths, remotes
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import World
from tasks.promotion import head
from tests.chart.line import NAMES, Line, kill_at

RENDERED = """\
# Rendered by Slipway for staging from staging/values.yml and templates/chart/values.yaml.j2:
# do not edit, change those. Which images run stands in the chart, by digest.
imageRegistry: ""
global:
  environment: staging
  namespace: shop-staging
server:
  replicas: 2
"""


@pytest.fixture
def seen(line: Line) -> Line:
    """The deployments were looked at."""
    line.look_at_deployments()
    return line


def _file(line: Line, name: str) -> str:
    return line.deployments.file("main", f"{name}/values.rendered.yaml")


def _blob(line: Line, name: str) -> str:
    return g.text("rev-parse", f"main:{name}/values.rendered.yaml", repo=line.deployments.folder)


def test_every_place_is_rendered_in_a_commit_of_its_own(seen: Line) -> None:
    for name in NAMES:
        parent = seen.deployments.head
        [says] = seen.render(name)
        commit = seen.deployments.head
        assert says == f"chore(values): render {name} ({commit[:7]})"
        changed = g.lines("diff", "--name-only", parent, commit, repo=seen.deployments.folder)
        assert changed == [f"{name}/values.rendered.yaml"]
    assert _file(seen, "staging") == RENDERED
    subjects = [f"chore(values): render {name}" for name in NAMES]
    assert seen.deployments.log() == [*reversed(subjects), "the first"]


def test_what_follows_goes_on_from_that_commit_with_those_values(seen: Line) -> None:
    for name in NAMES:
        seen.render(name)
        assert head.head_of(seen.inside).commit == seen.deployments.head
        told = (seen.inside.read(paths.rendered_values(name)) or b"").decode()
        assert told == _file(seen, name)
        claims = seen.told(paths.receipt(f"chart:values:{name}"))["claims"]
        assert claims == {"deployments": {f"values:{name}": _blob(seen, name)}}


def test_the_same_again_commits_nothing(seen: Line) -> None:
    seen.render()
    commit = seen.deployments.head
    seen.look_at_deployments()
    assert seen.render() == ["they stand"] * 3
    assert seen.deployments.head == commit


def test_the_commit_is_the_same_wherever_it_is_made(seen: Line) -> None:
    before = seen.deployments.head
    seen.render()
    first = seen.deployments.head
    seen.deployments.point("main", before)
    seen.look_at_deployments()
    seen.render()
    assert seen.deployments.head == first
    times = g.lines("log", "--format=%ct %an", repo=seen.deployments.folder)
    later, earlier = (line.split(" ") for line in times[-2:])
    assert int(later[0]) - int(earlier[0]) == 1
    assert later[1] == "Slipway"


def test_only_what_changed_is_named(seen: Line) -> None:
    seen.render()
    seen.deployments.push("more", {"production/values.yml": "server: {replicas: 5}\n"})
    seen.look_at_deployments()
    seen.render()
    assert seen.deployments.log()[:2] == ["chore(values): render production", "more"]


@pytest.mark.parametrize("content", ["replicas: 9\n", None])
def test_what_a_person_writes_over_it_is_rendered_again(seen: Line, content: str | None) -> None:
    seen.render()
    seen.deployments.push("by hand", {"staging/values.rendered.yaml": content})
    seen.look_at_deployments()
    seen.render()
    assert _file(seen, "staging") == RENDERED
    assert seen.deployments.log()[0] == "chore(values): render staging"


@pytest.mark.parametrize("point", ["observed", "acted", "recorded"])
def test_killed_anywhere_it_commits_once(seen: Line, point: str) -> None:
    kill_at(f"chart:values:staging:{point}", values.effect("staging"), seen.inside)
    seen.look_at_deployments()
    seen.render("staging")
    assert len(seen.deployments.log()) == 2
    assert head.head_of(seen.inside).commit == seen.deployments.head


def _meanwhile(
    monkeypatch: pytest.MonkeyPatch, line: Line, files: dict[str, str | None], times: int = 1
) -> None:
    push, left = remotes.push, [times]

    def late(world: World, name: str, where: str, ref: str, new: str, old: str) -> None:
        if left[0]:
            left[0] -= 1
            line.deployments.push(f"quicker {left[0]}", files)
        push(world, name, where, ref, new, old)

    monkeypatch.setattr(remotes, "push", late)


def test_a_lost_race_is_run_again_on_top_of_the_winner(
    seen: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, seen, {"README.md": "other words\n"}, times=3)
    seen.render("staging")
    assert seen.deployments.log()[0] == "chore(values): render staging"
    assert seen.deployments.log()[1:] == ["quicker 0", "quicker 1", "quicker 2", "the first"]
    assert head.head_of(seen.inside).commit == seen.deployments.head


def test_values_that_change_meanwhile_are_not_rendered_from_what_they_were(
    seen: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, seen, {"staging/values.yml": "server: {replicas: 7}\n"})
    with pytest.raises(SlipwayError, match=r"staging/values\.yml was changed while this run"):
        seen.render()
    assert seen.deployments.log() == ["quicker 0", "the first"]
    seen.look_at_deployments()
    seen.render()
    assert "replicas: 7" in _file(seen, "staging")


def test_another_machine_that_was_quicker_is_adopted(seen: Line) -> None:
    """Its commit is on the branch, but not in the head that this run goes on from."""
    before = head.head_of(seen.inside)
    seen.render()
    head.write_head(seen.inside, before)
    assert seen.render() == ["they stand"] * 3
    assert head.head_of(seen.inside).commit == seen.deployments.head


def test_the_head_of_the_run_stays_while_it_has_the_values(seen: Line) -> None:
    seen.render()
    then = seen.deployments.head
    seen.deployments.push("later", {"README.md": "later\n"})
    assert seen.render() == ["they stand"] * 3
    assert head.head_of(seen.inside).commit == then


def test_an_environment_without_its_folder_is_named_with_its_line(seen: Line) -> None:
    names = ("production/main.tf", "production/values.yml")
    seen.deployments.push("gone", dict.fromkeys(names))
    seen.look_at_deployments()
    with pytest.raises(SlipwayError, match="production has no folder production") as error:
        seen.render()
    assert "environments.production" in error.value.where
    assert "pipeline.yml:" in error.value.where


@pytest.mark.parametrize(
    ("content", "line_number", "says"),
    [
        ("server:\n  replicas: [\n", 3, "no YAML"),
        ("- a\n", 1, "values are a mapping"),
        ("server:\n  a: 1\n  a: 2\n", 3, "'a' stands there twice"),
        ("server:\n\n  8080: x\n", 3, "'8080' is no text: quote it"),
        ("a: 1\n---\nb: 2\n", 2, "no YAML"),
    ],
)
def test_bad_values_are_told_with_file_line_and_remote(
    seen: Line, content: str, line_number: int, says: str
) -> None:
    seen.deployments.push("oops", {"production/values.yml": content})
    seen.look_at_deployments()
    with pytest.raises(SlipwayError, match=says) as error:
        seen.render("production")
    where = f"production/values.yml in world/deployments.git (main):{line_number}"
    assert error.value.where == where
    assert seen.deployments.log() == ["oops", "the first"]


def test_digests_stand_in_the_chart_alone(seen: Line) -> None:
    digest = "sha256:" + "c" * 64
    for content in (
        f"server: {{image: {{digest: '{digest}'}}}}\n",
        "server: {image: {digest: mine}}\n",
        f"sidecar: [{{image: 'proxy@{digest}'}}]\n",
    ):
        seen.deployments.push("mine", {"staging/values.yml": content})
        seen.look_at_deployments()
        with pytest.raises(SlipwayError, match="is an image's digest") as error:
            seen.render()
        assert error.value.where.startswith("staging/values.yml in ")


def test_missing_values_are_no_values(seen: Line) -> None:
    seen.deployments.push("fewer", {"staging/values.yml": None})
    seen.look_at_deployments()
    seen.render()
    assert "server" not in _file(seen, "staging")


def test_own_values_win_and_keep_their_order(seen: Line) -> None:
    own = "zebra: 1\nglobal: {namespace: mine, more: true}\nimageRegistry: mirror.example.org\n"
    seen.deployments.push("mine", {"staging/values.yml": own})
    seen.look_at_deployments()
    seen.render()
    told: dict[str, Any] = yaml.safe_load(_file(seen, "staging"))
    assert list(told) == ["imageRegistry", "global", "zebra"]
    assert told["imageRegistry"] == "mirror.example.org"
    assert told["global"] == {"environment": "staging", "namespace": "mine", "more": True}


def test_a_testflight_has_no_namespace_before_it_flies(seen: Line) -> None:
    seen.render()
    assert yaml.safe_load(_file(seen, "testflight"))["global"] == {"environment": "testflight"}


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("{kind: local, path: world/registry}", ""),
        ("{kind: local, path: world/registry, prefix: team}", "team"),
        ("{kind: http, url: 'https://registry.example.org'}", "registry.example.org"),
        (
            "{kind: http, url: 'https://registry.example.org:5000', prefix: a/b}",
            "registry.example.org:5000/a/b",
        ),
    ],
)
def test_the_registry_is_told_as_a_cluster_names_it(
    line: Line, registry: str, expected: str
) -> None:
    line.replace("{kind: local, path: world/registry}", registry)
    assert rendering.image_registry(line.inside.config) == expected


def test_a_link_in_its_place_becomes_a_file(seen: Line) -> None:
    folder = seen.deployments.folder
    seen.deployments.link("staging/values.rendered.yaml", "values.yml")
    seen.look_at_deployments()
    seen.render()
    assert _file(seen, "staging") == RENDERED
    entry = g.text("ls-tree", "main", "--", "staging/values.rendered.yaml", repo=folder)
    assert entry.startswith("100644 ")
