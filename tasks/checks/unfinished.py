"""The mark of an attempt that was begun, so that its `after` runs whatever becomes of us.

It is written before anything of the attempt runs and taken away when its `after` has succeeded. A
run that finds one ends that attempt first: what still runs of it is killed, then its `after` runs.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from ..kernel import git as g
from ..kernel import journal, paths, programs
from ..kernel.calm import Calm
from ..kernel.config import Check
from ..kernel.errors import SlipwayError
from ..kernel.receipts import UpToDate
from ..kernel.world import World

RUN = "SLIPWAY_CHECK_RUN"
_PATIENCE = 10.0  # seconds for what was killed to be gone


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that was begun, with all that ending it needs: the configuration may change.

    Attributes:
        check: the check's name.
        commit: what is judged.
        run: the attempt's own word; every program of it has it in its environment (`RUN`).
        after: what ends it; empty when nothing has to.
        env: the check's variables.
        secrets: names of the variables with secrets that it may see.
        timeout: seconds for `after`.
    """

    check: str
    commit: str
    run: str
    after: list[str]
    env: dict[str, str]
    secrets: list[str]
    timeout: float


def mark(check: str) -> str:
    """Return the file of a check's mark."""
    return f"{paths.kept_of(check)}/unfinished.json"


def tree_of(world: World, check: str) -> Path:
    """Return the folder that a check runs in."""
    return (world.work(f"check:{check}") / "tree").absolute()


def begin(world: World, check: Check, commit: str) -> Begun:
    """Make a clean checkout with its history for the attempt, and then its mark."""
    begun = Begun(
        check.name,
        commit,
        secrets.token_hex(6),
        list(check.after or ()),
        dict(check.env),
        list(check.secrets),
        check.timeout,
    )
    _checkout(world, begun)
    world.write_json(mark(check.name), asdict(begun))
    return begun


def _checkout(world: World, begun: Begun) -> Path:
    tree = tree_of(world, begun.check)
    rmtree(tree.parent, ignore_errors=True)
    tree.parent.mkdir(parents=True)
    source = str(world.mirror("source").absolute())
    g.git("clone", "--quiet", "--shared", "--no-checkout", "--", source, str(tree))
    g.git("checkout", "--quiet", "--detach", begun.commit, "--", repo=tree)
    return tree


def run(world: World, begun: Begun, command: list[str], what: str) -> programs.Done:
    """Run one program of an attempt.

    Raises:
        Failed: it said no, or did not end in time.
        SlipwayError: it could not be started.
    """
    return programs.run(
        command,
        cwd=tree_of(world, begun.check),
        env=begun.env | {RUN: begun.run},
        needs=begun.secrets,
        timeout=begun.timeout,
        what=what,
        holds=False,  # when we are killed, the next run ends it
    )


def end(world: World, begun: Begun) -> None:
    """End an attempt: its `after`, then its tree and its mark are gone. No signal may stop it.

    Raises:
        SlipwayError: its `after` failed; the mark stays, and so does the tree, for the next try.
    """
    tree = tree_of(world, begun.check)
    if begun.after:
        if not tree.is_dir():
            _checkout(world, begun)
        try:
            run(world, begun, begun.after, f"after of {begun.check}")
        except SlipwayError as error:
            raise _left(begun, error) from None
    rmtree(tree.parent, ignore_errors=True)
    world.path(mark(begun.check)).unlink(missing_ok=True)


def _left(begun: Begun, error: SlipwayError) -> SlipwayError:
    return type(error)(
        error.what,
        where=error.where,
        detail=error.detail,
        fix=f"what {begun.check} had set up may still be there; the next run tries again."
        f" Cleaned up by hand? rm {mark(begun.check)}",
    )


def finish(world: World, check: str) -> None:
    """End the attempt that a run before left behind; the caller holds the check's lock.

    Raises:
        SlipwayError: its `after` fails.
    """
    told: dict[str, Any] | None = world.json_or(mark(check), None)
    if told is None:
        world.path(mark(check)).unlink(missing_ok=True)  # nothing had begun, or it cannot be read
        return
    begun = Begun(**told)
    journal.say(f"ending the attempt {begun.run} on {begun.commit}, which was cut off")
    with Calm(descending=True):
        _kill(begun.run)
        end(world, begun)


def _kill(word: str) -> None:
    """Kill what still runs of an attempt: whatever has its word in the environment."""
    until = time.monotonic() + _PATIENCE
    while (left := _running(word)) and time.monotonic() < until:
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _running(word: str) -> list[int]:
    """Return the processes of an attempt; none where the system does not tell."""
    sought = f"{RUN}={word}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if sought in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue  # it has ended, or is somebody else's
    return found


class CutOff(UpToDate):
    """`uptodate` of a check: no attempt of it was begun and never ended.

    Args:
        check: its name.
    """

    def __init__(self, check: str) -> None:
        self.mark = mark(check)

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return that one was cut off."""
        return ["it was cut off, and has to be ended"] if world.exists(self.mark) else []
