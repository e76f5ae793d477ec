"""`chart:values:PLACE`: what is wrong in one place is that place's own matter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.chart import values
from tasks.kernel import git as g
from tasks.kernel import paths, receipts
from tasks.kernel.config import load
from tasks.kernel.effects import foresee
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import UNKNOWN, Forecast, World
from tasks.promotion import head, notes
from tests.chart.line import NAMES, PLACES, SETTINGS, Line, Remote
from tests.project import PIPELINE, Project

BROKEN = "server:\n  replicas: [\n"
DODO = """\
from tasks.chart.tasks import task_chart, task_charts
from tasks.desk.plan import plan
from tasks.kernel import declare
from tasks.kernel.settings import doit_config
from tasks.promotion.tasks import task_deployments

def task_source():
    return {"basename": "source", "actions": None, "doc": "none"}

def task_plan():
    return declare.command("plan", plan, doc="plan", pos_arg="tasks", shows=True)

DOIT_CONFIG = doit_config(default=["chart:values"])
"""
CEPLER = """\
deployment: shop
environments:
  staging: {latest: [staging/*]}
  production: {passed: staging, latest: [production/*]}
"""
FIELDS = {"State": "1", "Record": "0" * 40, "By": "Grace", "Why": "it is too loud"}


def _hold(world: World, name: str) -> str:
    """Hold an environment, as `rollback` does; return the note."""
    head.ask(world)
    note = notes.write(world, f"{name} is held", FIELDS)
    notes.put(world, notes.HOLDS + name, note, "")
    return note


@pytest.fixture
def rendered(line: Line) -> Line:
    """All values stand, and production's own ones are broken now."""
    line.look_at_deployments()
    line.render()
    line.deployments.push("oops", {"production/values.yml": BROKEN})
    line.deployments.push("more", {"staging/values.yml": "server: {replicas: 5}\n"})
    line.look_at_deployments()
    return line


def test_bad_values_hold_up_no_other_place(rendered: Line) -> None:
    with pytest.raises(SlipwayError, match="no YAML"):
        rendered.render("production")
    [staging, testflight] = rendered.render("staging", "testflight")
    assert staging.startswith("chore(values): render staging")
    assert testflight == "they stand"


def test_a_held_environment_keeps_what_stands(rendered: Line) -> None:
    before = rendered.inside.read(paths.rendered_values("production"))
    note, commit = _hold(rendered.inside, "production"), rendered.deployments.head
    rendered.look_at_deployments()
    rendered.inside.path(paths.rendered_values("production")).unlink()

    [says] = rendered.render("production")

    assert says.startswith("they stand, kept while production is held at state 1: this is no YAML")
    assert "(production/values.yml in world/deployments.git (main):3)" in says
    assert rendered.deployments.head == commit
    assert rendered.inside.read(paths.rendered_values("production")) == before
    told = rendered.told(paths.receipt("chart:values:production"))
    claims = {"values:production": told["blob"], "refs/slipway/holds/production": note}
    assert told["claims"] == {"deployments": claims}


def test_the_end_of_the_hold_wakes_it(rendered: Line) -> None:
    note = _hold(rendered.inside, "production")
    rendered.look_at_deployments()
    rendered.render("production")
    told = rendered.told(paths.receipt("chart:values:production"))
    held = {"values:production": told["blob"], "refs/slipway/holds/production": note}
    rendered.inside.see("deployments", held)
    assert receipts.broken(told["claims"], rendered.inside) == []
    del held["refs/slipway/holds/production"]
    rendered.inside.see("deployments", held)
    assert receipts.broken(told["claims"], rendered.inside)

    notes.put(rendered.inside, notes.HOLDS + "production", "", note)
    rendered.look_at_deployments()
    with pytest.raises(SlipwayError, match="no YAML"):
        rendered.render("production")


def test_a_held_environment_with_good_values_gets_them_rendered(rendered: Line) -> None:
    _hold(rendered.inside, "staging")
    rendered.look_at_deployments()
    [says] = rendered.render("staging")
    assert says.startswith("chore(values): render staging")
    told = rendered.told(paths.receipt("chart:values:staging"))["claims"]["deployments"]
    assert list(told) == ["values:staging"]


def test_a_held_environment_whose_folder_is_gone_has_nothing_to_keep(rendered: Line) -> None:
    files = ("main.tf", "values.yml", "values.rendered.yaml")
    rendered.deployments.push("gone", {f"production/{name}": None for name in files})
    note = _hold(rendered.inside, "production")
    rendered.look_at_deployments()
    [says] = rendered.render("production")
    assert "has no folder production" in says
    assert says.startswith("nothing to keep while production is held at state 1: ")
    told = rendered.told(paths.receipt("chart:values:production"))
    assert told["claims"] == {"deployments": {"refs/slipway/holds/production": note}}


def test_at_a_head_that_only_the_run_will_know_the_sightings_tell(
    rendered: Line, tmp_path: Path
) -> None:
    ahead = Forecast(rendered.inside, tmp_path / "scratch")
    head.advance(ahead, UNKNOWN)
    assert foresee(values.effect("staging"), ahead).says == "staging is behind"
    assert foresee(values.effect("staging"), ahead).says == "they stand"  # by what it claimed
    assert head.head_of(ahead).commit == UNKNOWN


# the same, through doit


class Tree(Project):
    """A working tree that renders values, and nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "dodo.py").write_text(DODO)
        (folder / "pipeline.yml").write_text(PIPELINE.replace("environments: {}\n", SETTINGS))
        self.deployments = Remote(self.world / "deployments.git", {"cepler.yml": CEPLER, **PLACES})

    @property
    def inside(self) -> World:
        """The facts."""
        return World(load(self.folder / "pipeline.yml"), self.folder)

    def renders(self, *args: str) -> tuple[int, list[str]]:
        """Run some; return the exit code and what ran, the observer left out."""
        run = self.doit(*args)
        assert "Traceback" not in run.err, run.err
        return run.code, [name for name in run.ran if name != "deployments"]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def _tasks(*names: str) -> list[str]:
    return [f"chart:values:{name}" for name in names]


def test_side_by_side_each_is_committed_once_and_none_takes_the_head_back(tree: Tree) -> None:
    code, ran = tree.renders("-n", "3", "chart:values")
    assert (code, sorted(ran)) == (0, sorted(_tasks(*NAMES)))
    subjects = [f"chore(values): render {name}" for name in NAMES]
    assert sorted(tree.deployments.log()) == sorted([*subjects, "the first"])
    assert head.head_of(tree.inside).commit == tree.deployments.head
    assert tree.renders("-n", "3", "chart:values") == (0, [])


def test_a_plan_of_all_names_what_the_run_commits(tree: Tree) -> None:
    plan = tree.doit("plan", "chart:values")
    assert plan.code == 0, plan.err
    for name in NAMES:
        assert f"commit the rendered values of {name}" in plan.out
    code, ran = tree.renders("chart:values")
    assert (code, sorted(ran)) == (0, sorted(_tasks(*NAMES)))
    assert "commit" not in tree.doit("plan", "chart:values").out


@pytest.mark.slow
def test_held_it_is_idle_and_resumed_it_is_refused_again(tree: Tree) -> None:
    assert tree.renders("chart:values")[0] == 0
    changed = {"staging/values.yml": BROKEN, "production/values.yml": "server: {replicas: 5}\n"}
    tree.deployments.push("changed", changed)

    staging, production = _tasks("staging", "production")
    assert tree.renders(staging) == (2, [staging])
    assert tree.renders(production) == (0, [production])
    assert tree.renders("chart:values") == (2, [staging])

    note = _hold(tree.inside, "staging")
    run = tree.doit(staging)
    assert run.code == 0, run.err
    assert "kept while staging is held at state 1: this is no YAML" in re.sub(r"\s+", " ", run.err)
    assert tree.renders("chart:values") == (0, [])

    notes.put(tree.inside, notes.HOLDS + "staging", "", note)
    assert tree.renders("chart:values") == (2, [staging])
    assert g.lines("log", "--format=%s", "main", repo=tree.deployments.folder)[0] == (
        "chore(values): render production"
    )
