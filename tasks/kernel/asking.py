"""Asking a human who they are and why: on a terminal by questions, elsewhere by options."""

from __future__ import annotations

import re
import sys

from .errors import Failed, WrongUsage
from .redact import UNSHOWN

_UTF8 = "say the same in UTF-8: the terminal or the script that it comes from writes something else"


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""
    except UnicodeDecodeError:
        raise WrongUsage("what was typed is not UTF-8", fix=_UTF8) from None


def _in_a_line(option: str, said: str) -> str:
    """Return what was said, fit for a trailer of a commit.

    Raises:
        WrongUsage: it has what nobody could read there.
    """
    said = " ".join(said.split())
    if re.search("[\ud800-\udfff]", said):
        raise WrongUsage(f"{option} is not UTF-8", fix=_UTF8)
    if re.search(UNSHOWN, said):
        raise WrongUsage(f"{option} has a control character", fix="the same without it")
    return said


def _name(said: str) -> str:
    said = _in_a_line("--by", said)
    if any(not char.isprintable() or char in "<>" for char in said):
        raise WrongUsage("--by has characters that no name has", fix="say it without < and >")
    return said


def or_variable(option: str, name: str) -> str:
    """Return what an option says, or else the variable of that name: `doit NAME=VALUE …`."""
    import doit

    return option or str(doit.get_var(name) or "")


def who_and_why(by: str, why: str, *, command: str, reason: str, question: str) -> tuple[str, str]:
    """Return who approves and why, asking on a terminal for what was not said.

    Args:
        by: what the option `--by` said; "" for nothing.
        why: what the option `--why` said.
        command: what was typed, for messages: `doit approve:release`.
        reason: the question for the reason.
        question: the last one, which is answered by yes or no: `Release it`.

    Raises:
        WrongUsage: one of them is missing and there is nobody to ask, or cannot be written down.
        Failed: the person said no.
    """
    by, why = _name(by), _in_a_line("--why", why)
    if not (by and why):
        if not (sys.stdin and sys.stdin.isatty()):
            missing = " and ".join(
                name for name, said in (("--by", by), ("--why", why)) if not said
            )
            raise WrongUsage(
                f"{missing} must be said where nobody can be asked",
                fix=f'{command} --by=NAME --why="TEXT"',
            )
        by = by or _name(_ask("Who are you? "))
        why = why or _in_a_line("--why", _ask(reason))
        if not (by and why) or _ask(f"{question}, {by}? [y/N] ").lower() not in ("y", "yes"):
            raise Failed("not approved; nothing was changed", fix=f"{command} asks again")
    return by, why


def confirm(question: str, *, yes: bool, command: str) -> None:
    """Have a person say yes to what was shown, unless the command line has said it.

    Args:
        question: is answered by yes or no: `Retry it`.
        yes: the command line has.
        command: what to type where nobody can be asked: `doit retry image:web --yes`.

    Raises:
        WrongUsage: nobody has said it, and there is nobody to ask.
        Failed: the person said no.
    """
    if yes:
        return
    if not (sys.stdin and sys.stdin.isatty()):
        raise WrongUsage("a yes must be said where nobody can be asked", fix=command)
    if _ask(f"{question}? [y/N] ").lower() not in ("y", "yes"):
        raise Failed("nothing was changed", fix=f"{command.removesuffix(' --yes')} asks again")
