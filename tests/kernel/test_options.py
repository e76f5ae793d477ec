"""Options of a task that are wrong are told in plain words, and with what to type instead."""

from __future__ import annotations

from typing import Any

import pytest
from doit import task
from doit.cmdparse import CmdOption, CmdParseError

from tasks.kernel import options


def parser(*names: str, flag: str = "") -> Any:
    made = [CmdOption({"name": name, "long": name, "default": ""}) for name in names]
    if flag:
        made.append(CmdOption({"name": flag, "long": flag, "type": bool, "default": False}))
    return options.PlainParse(made)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--yes=1"], "--yes takes no value\n  write --yes alone, or leave it out"),
        (["--ye=1"], "--yes takes no value\n  write --yes alone, or leave it out"),
        (["--by"], "--by needs a value\n  write --by=VALUE"),
        (
            ["--versoin=1"],
            "there is no option --versoin (did you mean --version?)\n"
            "  the task has --by, --version, --verse, --yes",
        ),
        (["-x"], "there is no option -x\n  the task has --by, --version, --verse, --yes"),
        (["--vers=1"], "--vers may be --version or --verse\n  write it out"),
    ],
)
def test_what_is_wrong_and_what_to_type(words: list[str], says: str) -> None:
    with pytest.raises(CmdParseError) as error:
        parser("by", "version", "verse", flag="yes").parse(words)
    assert str(error.value) == says


def test_a_task_without_options_says_that_it_has_none() -> None:
    with pytest.raises(CmdParseError, match="no option --foo: the task has none"):
        parser().parse(["--foo=1"])


def test_right_ones_are_read_as_ever() -> None:
    found, rest = parser("by", flag="yes").parse(["--yes", "--by=Grace", "tag"])
    assert (found["yes"], found["by"], rest) == (True, "Grace", ["tag"])


def test_doit_reads_the_options_of_tasks_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "TaskParse", task.TaskParse)
    options.speak_plainly()
    made = task.Task("yank", None, params=[{"name": "by", "long": "by", "default": ""}])
    with pytest.raises(CmdParseError, match="no option --bye"):
        made.init_options(["--bye=1"])
