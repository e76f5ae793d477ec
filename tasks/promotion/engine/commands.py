"""The commands: what they print, and the exit codes that scripts wait for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from . import arguments, remote
from .settings import Settings, recorded_head
from .state import State, in_order, path_of
from .workspace import Workspace

DONE = 0
FAILED = 1
NOTHING_NEW = 2
_NEW = "Found new state to deploy - trigger commit"


def tell(line: str) -> None:
    """Print a line about what is going on; stdout is for results."""
    print(line, file=sys.stderr, flush=True)


def main(words: list[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    try:
        said = arguments.read(sys.argv[1:] if words is None else words)
        return _run(said)
    except SystemExit as stop:
        return int(stop.code or 0)
    except arguments.UsageError as error:
        tell(f"error: {error}")
    except SlipwayError as error:
        tell(worded(error))
    except OSError as error:
        tell(
            f"Error: {error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        )
    return FAILED


def worded(error: SlipwayError) -> str:
    """Return an error in the form in which the original prints its own."""
    cause = ([error.where] if error.where else []) + list(error.detail)
    lines = [f"Error: {error.what}"]
    if cause:
        lines += ["", "Caused by:", *(f"    {line}" for line in cause)]
    if error.fix:
        lines += ["", error.fix]
    return "\n".join(lines)


def _run(said: argparse.Namespace) -> int:
    if said.command == "concourse":
        from . import concourse

        return concourse.run(said.step, getattr(said, "folder", ""), sys.stdin.buffer.read(), tell)
    with remote.key_in_use(said.git_private_key) as env:
        if said.clone is not None:
            others = (said.gates_branch,) if said.gates_branch is not None else ()
            remote.enter(Path(said.clone), said.git_url, said.git_branch, others, env)
        settings = Settings(said.config, said.ignore_queue, said.gates, said.gates_branch, env)
        return _COMMANDS[said.command](said, settings)


def _check(said: argparse.Namespace, settings: Settings) -> int:
    space = Workspace(settings, said.environment)
    found = space.check()
    for difference in found.differences:
        tell(str(difference))
    warn_shallow(space, found.state)
    if not found.due:
        print("Nothing new to deploy")
        return NOTHING_NEW
    print(f"{_NEW} {found.state.head_commit}")
    return DONE


def warn_shallow(space: Workspace, state: State) -> None:
    """Say so when the trigger is where a shallow clone ends: the true one may be older."""
    if state.head_commit in space.repository.shallow_edges():
        tell(
            f"warning: the history ends at {state.head_commit[:12]} (shallow clone):"
            " the true trigger commit may be older; git fetch --unshallow"
        )


def _ls(said: argparse.Namespace, settings: Settings) -> int:
    state = Workspace(settings, said.environment).desired()
    for key in in_order(state.files):
        sys.stdout.write(path_of(key).encode("utf-8", "surrogateescape").decode(
            "utf-8", "replace") + "\n")  # fmt: skip
    return DONE


def _latest(said: argparse.Namespace, settings: Settings) -> int:
    head = recorded_head(settings.config, said.environment)
    if head is None:
        tell(f"Environment '{said.environment}' not deployed!")
        return FAILED
    print(head)
    return DONE


def _prepare(said: argparse.Namespace, settings: Settings) -> int:
    Workspace(settings, said.environment, ready=_warning(said)).prepare(
        tell, force_clean=said.force_clean, dry_run=said.dry_run
    )
    return DONE


def _warning(said: argparse.Namespace) -> Callable[[], None]:
    def warn() -> None:
        if said.force_clean and not said.dry_run:
            print("WARNING removing all non-cepler specified files", flush=True)

    return warn


def _reproduce(said: argparse.Namespace, settings: Settings) -> int:
    Workspace(settings, said.environment, gated=False, ready=_warning(said)).reproduce(
        tell, force_clean=said.force_clean, dry_run=said.dry_run
    )
    return DONE


def _record(said: argparse.Namespace, settings: Settings) -> int:
    with remote.key_in_use(said.push_git_private_key if said.push else None) as env:
        space = Workspace(replace(settings, env=env), said.environment)
        space.record(tell, commit=not said.no_commit, reset=said.reset_head)
        if said.push:
            space.push(tell, said.push_git_branch)
    return DONE


_COMMANDS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "check": _check,
    "ls": _ls,
    "latest": _latest,
    "prepare": _prepare,
    "reproduce": _reproduce,
    "record": _record,
}
