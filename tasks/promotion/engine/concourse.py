"""The Concourse resource: JSON on standard input, one line of JSON on standard output."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.kernel import facts
from tasks.kernel.errors import SlipwayError, WrongUsage

from . import kept, remote
from .bare import Pending
from .config import DEFAULT_PATH
from .settings import Settings
from .state import Difference, diff
from .workspace import Say, Workspace

Json = dict[str, Any]
_REMOVED = "File was removed"


@dataclass(frozen=True)
class Request:
    """What Concourse hands in.

    Attributes:
        source: the resource's declaration.
        version: the version asked about; None when there is none.
        params: the step's parameters.
    """

    source: Json
    version: Json | None
    params: Json | None

    @property
    def environment(self) -> str | None:
        """The environment, of the step or of the resource."""
        name: str | None = (self.params or {}).get("environment") or self.source.get("environment")
        return name

    @property
    def gates(self) -> tuple[str | None, str | None]:
        """The gates file and its branch."""
        return self.source.get("gates_file"), self.source.get("gates_branch")

    def settings(self, env: Mapping[str, str]) -> Settings:
        """Return the global options that the source amounts to.

        Raises:
            WrongUsage: a branch for a gates file that is not named.
        """
        file, branch = self.gates
        if branch is not None and file is None:
            raise WrongUsage("Missing gates_file in source")
        config = self.source.get("config") or DEFAULT_PATH
        return Settings(config, bool(self.source.get("ignore_queue")), file, branch, env)


_TEXT = (str,)
_TEXT_OR_NONE = (str, type(None))
_FORM: tuple[tuple[str, tuple[tuple[str, tuple[type, ...], bool], ...]], ...] = (
    ("source", (
        ("uri", _TEXT, True), ("branch", _TEXT, True), ("private_key", _TEXT, True),
        ("environment", _TEXT_OR_NONE, False), ("gates_file", _TEXT_OR_NONE, False),
        ("gates_branch", _TEXT_OR_NONE, False), ("config", _TEXT, False),
        ("ignore_queue", (bool,), False),
    )),
    ("version", (("trigger", _TEXT, True), ("version", _TEXT_OR_NONE, False))),
    ("params", (
        ("repository", _TEXT, False), ("environment", _TEXT_OR_NONE, False),
        ("prepare", (bool,), False),
    )),
)  # fmt: skip


def request(content: bytes) -> Request:
    """Read what came in; unknown keys are ignored.

    Raises:
        WrongUsage: it is not JSON, or a key is missing or of another type.
    """
    try:
        told = json.loads(content)
    except RecursionError:
        raise _misread("it is nested too deeply") from None
    except ValueError as error:
        raise _misread(str(error)) from None
    if not isinstance(told, dict) or told.get("source") is None:
        raise _misread("source is missing")
    for part, form in _FORM:
        _look(told.get(part), part, form)
    return Request(told["source"], told.get("version"), told.get("params"))


def _look(given: Any, part: str, form: Iterable[tuple[str, tuple[type, ...], bool]]) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise _misread(f"{part} is not an object")
    for key, kinds, required in form:
        if key not in given:
            if required:
                raise _misread(f"{part}.{key} is missing")
        elif not isinstance(given[key], kinds):
            raise _misread(f"{part}.{key} has the wrong type")


def _misread(why: str) -> WrongUsage:
    return WrongUsage("Deserializing stdin", detail=[why])


def run(step: str, folder: str, content: bytes, say: Say) -> int:
    """Run a step and print its answer.

    Args:
        step: `check`, `ci_in` or `ci_out`.
        folder: where to put what is fetched, or where the build's folders are.
        content: standard input.
        say: gets what is going on.

    Returns:
        The exit code.
    """
    asked = request(content)
    with remote.key_in_use(asked.source["private_key"]) as env:
        if step == "check":
            answer: Any = check(asked, env)
        elif step == "ci_in":
            answer = ci_in(asked, Path(folder), env, say)
        else:
            answer = ci_out(asked, Path(folder), env, say)
    told = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    print(told.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return 0


def check(asked: Request, env: Mapping[str, str]) -> list[Json]:
    """Return the versions from the given one on: at most that one and a new one."""
    if asked.params is not None:
        raise _misread("params have no meaning in a check")
    if asked.environment is None:
        return []
    settings = asked.settings(env)
    uri, branch = asked.source["uri"], asked.source["branch"]
    others = () if asked.gates[1] is None else (asked.gates[1],)
    with kept.entered(uri, branch, others, env):
        found = Workspace(settings, asked.environment).check()
    last = [] if asked.version is None else [_version(**_known(asked.version))]
    if not found.due or (last and last[0]["trigger"] == found.state.head_commit):
        return last
    return [*last, _version(found.state.head_commit, _next(found))]


def ci_in(asked: Request, folder: Path, env: Mapping[str, str], say: Say) -> Json:
    """Fetch a version: the environment's files at a trigger, in a clone without anything else."""
    if asked.version is None:
        raise WrongUsage("a version is required to fetch")
    version = _version(**_known(asked.version))
    if folder.is_dir() and any(folder.iterdir()):
        raise SlipwayError("the destination is not empty", where=str(folder))
    nothing = {"version": version, "metadata": []}
    folder.mkdir(parents=True, exist_ok=True)
    if asked.environment is None:
        return nothing
    settings = asked.settings(env)
    remote.clone(asked.source["uri"], asked.source["branch"], folder, env)
    os.chdir(folder)
    prepared = (asked.params or {}).get("prepare", True)
    space = Workspace(settings, asked.environment)
    found = space.check(origin=True) if prepared else None
    # The gates are read again when the result is recorded.
    spared = {path for path in (asked.gates[0],) if path is not None and asked.gates[1] is None}
    metadata: list[Json] = []
    if found is not None and found.due:
        if found.state.head_commit != version["trigger"]:
            raise SlipwayError("Trigger is out of sync.")
        space.prepare(say, force_clean=True, spared=spared)
        metadata = _metadata(found.differences, _REMOVED)
    elif space.reproduce(say, force_clean=True, spared=spared).head_commit != version["trigger"]:
        _empty(Path.cwd())
        return nothing
    facts.write_text(Path(".git", "cepler_environment"), asked.environment)
    facts.write_text(Path(".git", "cepler_trigger"), version["trigger"])
    return {"version": version, "metadata": metadata}


def ci_out(asked: Request, origin: Path, env: Mapping[str, str], say: Say) -> Json:
    """Record what was deployed, and push it."""
    if "repository" not in (asked.params or {}):
        raise WrongUsage("params.repository is required")
    if asked.environment is None:
        raise WrongUsage("Environment not specified in source")
    folder = origin / (asked.params or {})["repository"]
    if not folder.is_dir():
        raise SlipwayError("there is no such folder among the inputs", where=str(folder))
    remote.refuse_unlike_root(folder, env)
    os.chdir(folder)
    space = Workspace(asked.settings(env), asked.environment)
    before = space.own.current if space.own else None
    state = space.record(say, reset=True)
    space.push(say, asked.source["branch"])
    version = 1
    if space.own:  # with the ids that its commits have on the remote
        state, version = space.own.current, space.own.version
    return {
        "version": _version(state.head_commit, str(version)),
        "metadata": _metadata(diff(state, before), ""),
    }


def _version(trigger: str, version: str | None) -> Json:
    return {"trigger": trigger, "version": version}


def _known(given: Json) -> Json:
    return {"trigger": given["trigger"], "version": given.get("version")}


def _next(found: Pending) -> str:
    return str(found.recorded.version + 1 if found.recorded else 1)


def _metadata(differences: Iterable[Difference], removed: str) -> list[Json]:
    return [
        {"name": one.key,
         "value": f"[{one.new.from_commit[:7]}] - {one.new.message}" if one.new else removed}
        for one in differences
    ]  # fmt: skip


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
