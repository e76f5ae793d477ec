"""Asks the outside, read-only and not for long, whether it can be reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..forge import connect
from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import SlipwayError
from ..kernel.redact import redact
from ..kernel.world import World
from ..registry import Registry, open_registry
from .findings import NOTE, OK, WRONG, Finding

if TYPE_CHECKING:
    from ..kernel.config import Config, Remote

PATIENCE = 5.0  # seconds for one answer
_GRACE = 1.0  # seconds for an error to be put into words

Question = tuple[str, Callable[[], Finding]]


def outside(config: Config, root: Path) -> list[Finding]:
    """Ask the remotes, the registry and the forge, all at once.

    Args:
        config: the pipeline.
        root: the checkout, which relative paths are relative to.
    """
    world = World(config, root)
    questions: list[Question] = [
        (name, _remote(world, name, getattr(config.remotes, name)))
        for name in ("source", "charts", "deployments")
    ]
    questions += [("registry", lambda: _registry(world)), ("forge", lambda: _forge(world))]
    return _ask(questions, PATIENCE + _GRACE)


def _ask(questions: Sequence[Question], seconds: float) -> list[Finding]:
    """Return the answers; whoever is silent for that long has not answered.

    Daemon threads: one that hangs in a name lookup must not keep the process from ending.
    """
    answers: dict[str, Finding] = {}

    def ask(name: str, question: Callable[[], Finding]) -> None:
        try:
            answers[name] = question()
        except (SlipwayError, OSError) as error:
            answers[name] = _trouble(name, error)

    threads = [threading.Thread(target=ask, args=each, daemon=True) for each in questions]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    silent = f"no answer within {PATIENCE:g} s"
    fix = "is the address in pipeline.yml right, and the network up?"
    return [
        answers.get(name) or Finding("outside", name, WRONG, silent, fix=fix, code=1)
        for name, _ in questions
    ]


def _trouble(name: str, error: SlipwayError | OSError) -> Finding:
    if isinstance(error, OSError):
        return Finding("outside", name, WRONG, redact(str(error)), code=1)
    says = f"{error.where}: {error.what}" if error.where else error.what
    detail = "\n".join([says, *error.detail])
    return Finding("outside", name, WRONG, redact(detail), fix=error.fix, code=1)


def _remote(world: World, name: str, remote: Remote) -> Callable[[], Finding]:
    def question() -> Finding:
        where = remotes.address(world, remote)
        kind = f"{'embedded' if remote.embedded else 'external'}, {redact(remote.url)}"
        if remote.embedded and not Path(where).exists():
            fix = "nothing to do: the first release makes it, or doit sandbox"
            return Finding("outside", name, NOTE, f"{kind}: not made yet", fix=fix)
        if name == "source":
            remotes.refuse_unfit(where)
        at = _branch(where, remote.branch)
        if not at and _is_idle(world, name):
            says = f"{kind}: there is no branch {remote.branch}, and this pipeline needs none"
            return Finding("outside", name, NOTE, says)
        if not at:
            fix = f"make the branch, or correct remotes.{name}.branch in {world.config.file}"
            says = f"{kind}: there is no branch {remote.branch}"
            return Finding("outside", name, WRONG, says, fix=fix, code=1)
        says = f"{kind}: {remote.branch} is at {at[:7]}"
        return Finding("outside", name, OK, says + _whose_environments(name, remote))

    return question


def _is_idle(world: World, name: str) -> bool:
    """Say whether a pipeline names a repository that it has no use for."""
    config = world.config
    return (name == "charts" and config.chart is None) or (
        name == "deployments" and not config.environments
    )


def _whose_environments(name: str, remote: Remote) -> str:
    if name != "deployments" or remote.embedded:
        return ""
    return "\nenvs/ of this checkout is not used: environments are what stands in that repository"


def _branch(where: str, branch: str) -> str:
    """Return the commit of a branch, "" when there is none."""
    ref = f"refs/heads/{branch}"
    try:
        found = g.lines("ls-remote", "--end-of-options", where, ref, timeout=PATIENCE)
    except g.GitError as error:
        raise SlipwayError(
            "the remote cannot be read",
            where=redact(where),
            detail=[error.what, *error.detail],
            fix="is the URL in pipeline.yml right, and does your key or token open it?",
        ) from None
    # The pattern matches the end of names: a branch `refs/heads/main` of somebody's own as well.
    return next((line.split("\t")[0] for line in found if line.split("\t")[1] == ref), "")


def _registry(world: World) -> Finding:
    told = world.config.registry
    _open(world).check()
    if told.kind == "local":
        return Finding("outside", "registry", OK, f"embedded, {told.path}: can be written")
    return Finding("outside", "registry", OK, f"external, {redact(told.url)}: answers")


def _open(world: World) -> Registry:
    """Return the registry, asked once and not for long when it is a real one."""
    told = world.config.registry
    if told.kind == "local":
        return open_registry(told, world.root)
    from ..registry.http import HttpRegistry
    from ..registry.retry import Patience

    patience = Patience(attempts=1)
    return HttpRegistry(told.url, insecure=told.insecure, patience=patience, timeout=PATIENCE)


def _forge(world: World) -> Finding:
    told = world.config.forge
    kind = f"embedded, {told.path}" if told.kind == "local" else f"{told.kind}, {told.repository}"
    source = world.config.remotes.source
    if told.kind == "local" and source.embedded and not (world.root / source.url).exists():
        return Finding("outside", "forge", NOTE, f"{kind}: its source remote is not made yet")
    connect(world).check()
    return Finding("outside", "forge", OK, f"{kind}: answers")
