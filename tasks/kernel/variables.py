"""The variables of doit's command line, `doit NAME=VALUE TASK…`: all that there are.

doit takes every word with a `=` in it for one, and does not ask whether anybody reads it: by a slip
of the pen something would be deployed that was not meant to be. So they are held against this list
when the graph is loaded, whatever the command is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from .errors import WrongUsage

# name → whose it is
KNOWN: Mapping[str, str] = {
    "pipeline": "kernel: another pipeline.yml",
    "wait": "kernel: how long to wait for a human at a closed gate",
    "yes": "kernel: the answer to what a command would ask",
    "ref": "checks: what they look at instead of the head",
    "version": "release: which one is yanked",
    "by": "release, deploy: who wants it",
    "why": "release, deploy: and for what reason",
    "recorded": "promotion: what is recorded is to come once more",
    "to": "deploy: which state a rollback goes back to",
    "replace": "deploy: addresses of what is to be made anew",
    "allow-destroy": "deploy: addresses of what may be destroyed",
}
_YES_ALONE = ("yes", "recorded")
_NEVER_EMPTY = ("version", "to", "replace", "allow-destroy")  # others say so where they are read


def refuse_wrong() -> None:
    """Refuse variables that nobody reads, and values that are wrong whatever the command is.

    Raises:
        WrongUsage: naming the first.
    """
    from doit import doit_cmd

    told = doit_cmd._CMDLINE_VARS or {}  # doit offers no other way to ask for all
    for name, value in told.items():
        if name not in KNOWN:
            _refuse_unknown(name)
        if name in _NEVER_EMPTY and not value.strip():
            raise WrongUsage(
                f"{name}= on the command line says nothing",
                fix=f"write {name}=VALUE, or leave it out",
            )
    for name in _YES_ALONE:
        says_yes(name)


def _refuse_unknown(name: str) -> None:
    shown = ascii(name)[1:-1]
    near = difflib.get_close_matches(name, KNOWN, 1)
    hint = f" (did you mean {near[0]}=?)" if near else ""
    every = ", ".join(f"{known}=" for known in KNOWN)
    raise WrongUsage(
        f"there is no variable {shown}={hint}",
        detail=[f"there are {every}"],
        fix="what belongs to an option is tied to it: --OPTION=VALUE",
    )


def says_yes(name: str) -> bool:
    """Say whether a variable that can only be a yes is there.

    Raises:
        WrongUsage: it says something else than yes.
    """
    import doit

    told = doit.get_var(name)
    if told is None:
        return False
    if str(told).lower() in ("yes", "y", "1", "true"):
        return True
    raise WrongUsage(f"{name}={told} is no yes", fix=f"write {name}=yes, or leave it out")
