"""Every variable of doit's command line is known by name, and a wrong one ends before any run."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from doit import doit_cmd
from doit.exceptions import InvalidDodoFile

from tasks.kernel import paths, settings, variables
from tasks.kernel.errors import WrongUsage
from tests.project import Project

READERS = {"get_var": 0, "or_variable": 1, "says_yes": 0}  # which argument is the name
HANDING_ON = {"_said": 0}  # in the files of which one of those is called


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables on the command line."""
    found: dict[str, str] = {}
    monkeypatch.setattr(doit_cmd, "_CMDLINE_VARS", found)
    return found


def _read() -> Iterator[str]:
    """Yield the names that some code in `tasks/` asks for."""
    for file in sorted((paths.ROOT / "tasks").rglob("*.py")):
        text = file.read_text()
        if not any(f"{reader}(" in text for reader in READERS):
            continue
        module = ".".join(file.relative_to(paths.ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and (name := _asked(node)) is not None:
                yield from _named(name, module)


def _asked(call: ast.Call) -> Any:
    called = getattr(call.func, "attr", getattr(call.func, "id", ""))
    place = (READERS | HANDING_ON).get(called)
    return None if place is None else call.args[place]


def _named(name: Any, module: str) -> list[str]:
    if isinstance(name, ast.Constant):
        return [str(name.value)]
    assert isinstance(name, ast.Name), f"{module}: {ast.unparse(name)} cannot be looked up"
    found = getattr(importlib.import_module(module), name.id, None)  # else one that is handed on
    return [] if found is None else [found]


def test_the_list_has_all_that_are_read_and_no_other() -> None:
    assert set(_read()) == set(variables.KNOWN)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("recordd", " (did you mean recorded=?)"),
        ("allow_destroy", " (did you mean allow-destroy=?)"),
        ("Pipeline", " (did you mean pipeline=?)"),
        ("x\ny", ""),
        ("", ""),
    ],
)
def test_one_that_nobody_reads_is_refused(told: dict[str, str], name: str, hint: str) -> None:
    told |= {"wait": "30m", name: "secret"}
    with pytest.raises(WrongUsage) as error:
        variables.refuse_wrong()
    assert error.value.what == f"there is no variable {ascii(name)[1:-1]}={hint}"
    assert "allow-destroy=" in error.value.detail[0]
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("recorded", "yess", "recorded=yess is no yes"),
        ("recorded", "", "recorded= is no yes"),
        ("yes", "no", "yes=no is no yes"),
        ("replace", "", "replace= on the command line says nothing"),
        ("allow-destroy", " ", "allow-destroy= on the command line says nothing"),
        ("to", "", "to= on the command line says nothing"),
    ],
)
def test_a_value_that_means_nothing_is_refused(
    told: dict[str, str], name: str, value: str, says: str
) -> None:
    told[name] = value
    with pytest.raises(InvalidDodoFile, match=says):
        settings.doit_config([])


def test_right_ones_pass(told: dict[str, str]) -> None:
    variables.refuse_wrong()
    told |= {"recorded": "yes", "yes": "1", "to": "3", "by": "", "replace": "module.a.b"}
    variables.refuse_wrong()
    assert variables.says_yes("recorded")


@pytest.mark.parametrize("words", [("recordd=yes", "one"), ("list", "recordd=yes")])
def test_doit_ends_with_3_whatever_the_command(tmp_path: Any, words: tuple[str, ...]) -> None:
    project = Project(tmp_path / "tree")
    run = project.doit(*words)
    assert run.code == 3
    assert "there is no variable recordd= (did you mean recorded=?)" in run.err
    assert "Traceback" not in run.err
