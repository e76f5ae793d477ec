"""The rules that the whole graph keeps, whatever the rooms declare."""

from __future__ import annotations

import pickle
import posixpath
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doit.control import TaskControl
from doit.loader import load_tasks

import dodo
from tasks.kernel import graph, paths
from tasks.kernel.actions import perform, perform_with
from tasks.kernel.errors import WrongUsage
from tasks.kernel.receipts import UpToDate

ENVIRONMENTS = ("staging", "qa", "production", "azure-staging")
DECISIONS = ("approve", "reject", "override", "rollback", "resume", "unlock", "drift", "restart")
QUESTIONS = ("trace", "history")
HEAVY = ("sh", "jinja2", "semver", "requests", "urllib3", "tomllib", "asyncio")


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    """The graph of the pipeline as delivered, as doit sees it."""
    loaded = load_tasks({name: value for name, value in vars(dodo).items() if name[:5] == "task_"})
    return dict(TaskControl(loaded).tasks)


def _acting(tasks: dict[str, Any]) -> list[Any]:
    return [task for task in tasks.values() if task.actions]


def test_every_task_has_a_line_for_the_list(tasks: dict[str, Any]) -> None:
    for task in tasks.values():
        assert task.doc, task.name
        assert len(task.doc) < 100, task.name


def test_every_task_can_say_whether_it_is_up_to_date(tasks: dict[str, Any]) -> None:
    for task in _acting(tasks):
        assert task.uptodate, f"{task.name} would run every time, or never again"
        for check, *_ in task.uptodate:
            assert isinstance(check, UpToDate), f"{task.name}: a plan cannot ask {check}"


def test_every_stage_depends_on_the_sources_of_its_room(tasks: dict[str, Any]) -> None:
    for task in _acting(tasks):
        if task.file_dep:
            assert any(path.startswith("tasks/") for path in task.file_dep), task.name


def test_what_is_read_exists_or_is_made_by_somebody(tasks: dict[str, Any]) -> None:
    assert graph.mistakes(tasks, tasks, [], paths.ROOT) == []


def test_paths_are_spelled_as_doit_compares_them(tasks: dict[str, Any]) -> None:
    for task in tasks.values():
        for path in [*task.file_dep, *task.targets]:
            assert posixpath.normpath(path) == path, task.name
            assert not path.startswith("/"), task.name


def test_no_two_tasks_make_one_file(tasks: dict[str, Any]) -> None:
    made = [target for task in tasks.values() for target in task.targets]
    assert sorted(set(made)) == sorted(made)


def test_every_effect_leaves_a_receipt_and_looks_at_its_port(tasks: dict[str, Any]) -> None:
    commands = {f"{verb}:{name}" for verb in DECISIONS for name in ENVIRONMENTS}
    commands |= {"approve:release", "sandbox:reset", "testflight:sweep"}
    commands |= {"automerge", "candidate:drop", "release:yank", "retry"}
    acting = [
        task
        for task in _acting(tasks)
        if (task.meta or {}).get("effect") and task.name not in commands
    ]
    assert len(acting) > 10
    observers = {task.name for task in _acting(tasks) if task.meta.get("observer")}
    ports = {"source", "forge", "registry", "charts", "deployments"}
    asking = {f"{kind}:{name}" for kind in ("promotion", "live") for name in ENVIRONMENTS}
    assert observers == ports | asking
    for task in acting:
        assert paths.receipt(task.name) in task.targets
        # Terraform has no observer: a plan that says "no changes" is its own look at the outside.
        assert observers & set(task.task_dep) or task.name.startswith("apply:"), task.name


def test_a_mirror_is_there_before_it_is_read(tasks: dict[str, Any]) -> None:
    """doit starts observers in any order that the graph allows, and a plan starts with none."""
    reads = {
        "forge": {"source"},
        "charts": {"source"},  # the modules that a release brings
        "version": {"source"},
        "candidate": {"source"},
        "promote": {"source", "forge"},
        "draft": {"source", "forge"},
        "image": {"source"},
        "chart:candidate": {"source", "charts"},
        "chart:bump": {"source", "charts"},
        "chart:merge": {"source", "charts"},
        "chart:package": {"source", "charts"},
        "testflight": {"charts", "deployments"},
        "vendor": {"charts", "deployments"},
        "chart:values:staging": {"deployments"},
        "promotion:staging": {"deployments"},
        "deploy:staging": {"deployments"},
    }
    for name, remotes in reads.items():
        assert remotes <= graph.closure(tasks, [name]), name


def test_every_task_can_be_planned(tasks: dict[str, Any]) -> None:
    asked = {"status", "plan", "why", "where", "doctor", "demo", "sandbox:reset"}
    asked |= {f"{verb}:{name}" for verb in (*DECISIONS, *QUESTIONS) for name in ENVIRONMENTS}
    asked |= {"approve:release", "testflight:sweep"}
    asked |= {f"chart:diff:{name}" for name in ENVIRONMENTS}
    asked |= {"automerge", "candidate:drop", "release:yank", "retry", "init", "notify:test"}
    for task in _acting(tasks):
        assert ("forecast" in task.meta) != (task.name in asked), task.name


def test_side_by_side_an_environment_comes_behind_the_one_it_follows() -> None:
    loaded = load_tasks({name: value for name, value in vars(dodo).items() if name[:5] == "task_"})
    tasks = dict(TaskControl(loaded).tasks)
    typed = graph.closure(tasks, ["deploy:staging", "deploy:qa"])
    graph.follow(tasks, typed, ["deploy:staging", "deploy:qa"])
    assert "deploy:staging" not in tasks["promotion:qa"].task_dep
    graph.follow(tasks, graph.closure(tasks, ["deploy:qa"]), ["-n2", "deploy:qa"])
    assert "deploy:staging" not in tasks["promotion:qa"].task_dep
    graph.follow(tasks, graph.closure(tasks, ["deploy"]), ["deploy"])
    assert "deploy:staging" in tasks["promotion:qa"].task_dep
    assert "deploy:qa" in tasks["promotion:production"].task_dep
    assert not [dep for dep in tasks["promotion:azure-staging"].task_dep if "deploy:" in dep]


def test_what_is_planned_follows_as_in_its_own_run(tasks: dict[str, Any]) -> None:
    before = {name: list(task.task_dep) for name, task in tasks.items()}
    planned = graph.followed(tasks, ["release", "deploy"])
    assert "deploy:staging" in planned["promotion:qa"].task_dep
    assert planned["promotion:qa"].uptodate == tasks["promotion:qa"].uptodate
    typed = graph.followed(tasks, ["deploy:staging", "deploy:qa"])
    assert "deploy:staging" not in typed["promotion:qa"].task_dep
    assert {name: task.task_dep for name, task in tasks.items()} == before


def test_nothing_of_doit_that_has_bitten_others_is_used(tasks: dict[str, Any]) -> None:
    for task in tasks.values():
        assert not task.getargs, task.name
        assert not task.setup_tasks, task.name
        assert not task.teardown, task.name
        assert not task.calc_dep, task.name
        assert task.loader is None, task.name
        for action in task.actions:
            assert action.py_callable in (perform, perform_with), task.name


def test_actions_can_be_handed_to_another_process(tasks: dict[str, Any]) -> None:
    """From Python 3.14 on, workers do not inherit the graph: a closure or lambda ends a run."""
    for task in _acting(tasks):
        pickle.dumps([action.args for action in task.actions])
        pickle.dumps([check for check, *_ in task.uptodate])
        pickle.dumps(task.meta)


def test_a_typing_error_in_a_dependency_is_found_before_anything_runs() -> None:
    class Task:
        def __init__(self, name: str, reads: list[str], makes: list[str]) -> None:
            self.name, self.file_dep, self.targets = name, set(reads), makes
            self.task_dep: list[str] = []
            self.meta: dict[str, Any] = {}

    tasks = {"a": Task("a", [], ["build/facts.json"]), "b": Task("b", ["build/fact.json"], [])}
    [mistake] = graph.mistakes(tasks, ["b"], [], Path())
    assert "b reads build/fact.json, which nobody makes (did you mean build/facts.json?)" in mistake


@pytest.mark.parametrize(
    "words",
    [
        ["-n2", "release", "deploy:staging"],
        ["-n", "2"],
        ["-an", "2"],
        ["-acn2"],
        ["--process=2"],
        ["--proc", "2"],
    ],
)
def test_a_deployment_does_not_start_beside_what_it_waits_for(words: list[str]) -> None:
    with pytest.raises(WrongUsage, match="release and deploy:staging follow one another") as error:
        graph.refuse_side_by_side(["release", "deploy:staging"], words)
    assert error.value.fix == "leave -n away: doit release deploy:staging"


def test_one_after_the_other_and_alone_they_may_run() -> None:
    graph.refuse_side_by_side(["release", "deploy:staging"], ["release", "deploy:staging"])
    graph.refuse_side_by_side(["deploy:staging"], ["-n", "2", "deploy:staging"])
    graph.refuse_side_by_side(["deploy:qa", "deploy:staging"], ["-n2", "deploy:qa"])  # in order
    graph.refuse_side_by_side(["check", "binary"], ["-n", "2", "check", "binary"])
    words = ["-a", "-c", "-vin", "--parallel-type=n"]  # none of them is `-n`
    graph.refuse_side_by_side(["release", "deploy:staging"], words)


def test_loading_the_graph_imports_nothing_heavy() -> None:
    code = f"import sys, dodo; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_table_of_contents_holds_no_code() -> None:
    import ast

    tree = ast.parse((paths.ROOT / "dodo.py").read_text())
    kinds = [type(node).__name__ for node in tree.body[1:]]
    assert set(kinds) == {"ImportFrom", "Assign"}
    assert kinds.count("Assign") == 1


def test_rooms_do_not_reach_into_one_another() -> None:
    """What a room offers stands in its `__init__`; only the desk, read by none, looks deeper."""
    import ast

    # What an image is on disk: the builder writes what the registry reads.
    shared = {"tasks.registry.layers", "tasks.registry.ocidir"}
    found = []
    for file in sorted((paths.ROOT / "tasks").rglob("*.py")):
        room = file.relative_to(paths.ROOT / "tasks").parts[0]
        if room in ("kernel", "desk"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = _target(file, node)
                outside = (
                    len(parts) > 2 and parts[0] == "tasks" and parts[1] not in (room, "kernel")
                )
                if outside and ".".join(parts) not in shared:
                    found.append(f"{file.relative_to(paths.ROOT)}: {'.'.join(parts)}")
    assert found == []


def _target(file: Path, node: Any) -> list[str]:
    """Return the module that a `from … import` names, from the root."""
    names: list[str] = node.module.split(".")
    if node.level == 0:
        return names
    here = file.relative_to(paths.ROOT).parts[: -node.level]
    return [*here, *names]
