"""What `ref=` on the command line chooses: another commit, or a folder, for checks to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .errors import WrongUsage

_OF_CHECKS = ("check", "statuses", "retry")  # besides the checks themselves


def ref() -> str:
    """Return what `ref=` names: a branch, tag, commit or path; "" when checks look at the head.

    Raises:
        WrongUsage: it names nothing: an unset shell variable must not mean the head.
    """
    import doit

    told = doit.get_var("ref")
    if told is None:
        return ""
    if not told.strip() or told.startswith("-") or not told.isprintable():
        raise WrongUsage(
            f"ref={ascii(told)[1:-1]} names nothing that can be checked",
            fix="write ref=BRANCH, ref=TAG, ref=COMMIT or ref=./PATH, or leave it out for the head",
        )
    return str(told)


def folder(told: str) -> Path | None:
    """Return the folder that a `ref=` names; None when it is a branch, tag or commit.

    A path begins with `.` or `/`, so that no branch is ever taken for a folder. It is relative to
    where the command was typed.
    """
    if told not in (".", "..") and not told.startswith(("./", "../", "/")):
        return None
    return Path(os.environ.get("SLIPWAY_CWD") or Path.cwd()) / told


def refuse_others(selected: Iterable[str]) -> None:
    """Refuse to do anything but to check what `ref=` names: a release is made of the head alone.

    Raises:
        WrongUsage: something else was asked for as well.
    """
    told = ref()
    others = [name for name in selected if name not in _OF_CHECKS and not name.startswith("check:")]
    if told and others:
        raise WrongUsage(
            f"ref={told} says what checks look at, and {', '.join(others)} is none",
            fix=f"doit ref={told} check",
        )
