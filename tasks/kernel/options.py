"""What is wrong with a task's options on the command line, in words for a person.

doit hands its own objects to the screen there. It reads the options of a task when it has loaded
the graph, so that its parser can be replaced by then.
"""

from __future__ import annotations

import difflib
import getopt
from typing import Any

from doit import task
from doit.cmdparse import CmdParseError, TaskParse


class PlainParse(TaskParse):  # type: ignore[misc]
    """doit's parser of a task's options, with plain words."""

    def parse_only(self, in_args: Any, params: Any = None) -> Any:
        """Parse as doit does.

        Raises:
            CmdParseError: an option is unknown or has a wrong form; doit prints it, exit code 3.
        """
        try:
            return super().parse_only(in_args, params)
        except CmdParseError as error:
            wrong = error.__context__
            if not isinstance(wrong, getopt.GetoptError):
                raise
        known = [f"--{option.long}" for option in self.options if option.long]
        raise CmdParseError(in_words(wrong, known)) from None


def in_words(error: getopt.GetoptError, known: list[str]) -> str:
    """Return what is wrong, and what to type instead.

    Args:
        error: what Python's parser says.
        known: the options that the task has.
    """
    option = f"--{error.opt}" if len(error.opt) > 1 else f"-{error.opt}"
    if "must not have an argument" in error.msg:
        option = _whole(option, known)
        return f"{option} takes no value\n  write {option} alone, or leave it out"
    if "requires argument" in error.msg:
        option = _whole(option, known)
        return f"{option} needs a value\n  write {option}=VALUE"
    if "unique prefix" in error.msg:
        found = [name for name in known if name.startswith(option)]
        return f"{option} may be {' or '.join(found)}\n  write it out"
    if not known:
        return f"there is no option {option}: the task has none\n  leave it out"
    near = difflib.get_close_matches(option, known, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"there is no option {option}{hint}\n  the task has {', '.join(known)}"


def _whole(option: str, known: list[str]) -> str:
    """Return the option that a beginning of it stands for."""
    found = [name for name in known if name.startswith(option)]
    return option if option in known or not found else found[0]


def speak_plainly() -> None:
    """Have doit read the options of tasks by this parser."""
    task.TaskParse = PlainParse
