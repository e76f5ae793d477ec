"""What an environment should have, as a fact between rooms; and the gate that holds it.

The fact names only what is wanted: nothing in it changes when we record that it was deployed.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.config import Environment
from ..kernel.errors import SlipwayError, WrongUsage
from ..kernel.facts import canonical
from ..kernel.world import World
from .head import mirror

if TYPE_CHECKING:
    from .engine import Config, Difference, Repository, State

_SHOWN = 3  # paths named on the screen


def key_of(hashes: Mapping[str, str | None]) -> str:
    """Return the key that stands for a set of files, path → blob id, wherever they came from."""
    return sha256(canonical(dict(hashes))).hexdigest()


def fact_of(environment: Environment, state: State, commit: str) -> dict[str, Any]:
    """Return the fact `promotion`.

    Args:
        environment: whose.
        state: what it should have, with origins.
        commit: gives the modes of the files that are taken directly.
    """
    files = {
        key: {"file_hash": f.file_hash, "from_commit": f.from_commit, "message": f.message}
        for key, f in state.files.items()
    }
    return {
        "environment": environment.name,
        "root": environment.root,
        "key": key_of(state.hashes()),
        "head_commit": state.head_commit,
        "propagated_head": state.propagated_head,
        "commit": commit,
        "files": files,
    }


def state_in(fact: Mapping[str, Any]) -> State:
    """Return the state that a fact `promotion` tells of."""
    from .engine import File, State

    files = {key: File(**told) for key, told in fact["files"].items()}
    return State(fact["head_commit"], files, fact["propagated_head"])


def wanted_by(world: World, environment: str) -> dict[str, Any]:
    """Return the fact `promotion` of an environment."""
    fact: dict[str, Any] = world.json(paths.promotion(environment))
    return fact


def settings_at(world: World, repository: Repository, commit: str) -> Config:
    """Return `cepler.yml` as a commit of the deployments repository has it.

    Raises:
        WrongUsage: it is not valid.
        SlipwayError: there is none.
    """
    from .engine import config_at

    file, remote = world.config.deployments.cepler, world.config.remotes.deployments
    if file not in repository.tree(commit):
        raise SlipwayError(
            f"{file} is not in {remote.branch} at {commit[:7]}",
            where=remote.url,
            fix="commit it, or set deployments.cepler in pipeline.yml",
        )
    return config_at(repository, commit, file)


def refuse_disagreement(world: World, settings: Config) -> None:
    """Refuse when `pipeline.yml` and `cepler.yml` do not tell of the same line of environments.

    Raises:
        WrongUsage: an environment is not in `cepler.yml`, or follows another one there.
    """
    config = world.config
    for name, environment in config.environments.items():
        there = settings.environments.get(name)
        if there is None:
            raise WrongUsage(
                f"{config.where(f'environments.{name}')}: is not in {settings.path}",
                where="",
                fix=f"add it to {settings.path} of {config.remotes.deployments.url}, or take it"
                f" out of {config.file}",
            )
        if there.passed != environment.passed:
            raise WrongUsage(
                f"{config.where(f'environments.{name}.passed')}: two files disagree",
                detail=[
                    f"{config.file} says {environment.passed or 'nothing'}",
                    f"{settings.path} says {there.passed or 'nothing'}",
                ],
                fix=f"what follows what is said twice: correct {config.file}, or {settings.path}"
                f" of {config.remotes.deployments.url}",
            )


def gates_of(world: World, repository: Repository, commit: str) -> dict[str, str]:
    """Return the gates file: environment → commit id or `HEAD`; empty when there is none yet.

    Args:
        world: whose configuration.
        repository: has the gates branch.
        commit: of the gates branch; "" when there is none.
    """
    from .engine import gates_at

    file = world.config.gates.file
    if not commit or file not in repository.tree(commit):
        return {}
    return gates_at(repository, commit, file)


def start_of(
    repository: Repository, gates: Mapping[str, str], environment: Environment
) -> tuple[str | None, bool]:
    """Return the commit up to which an environment may go, and whether it may go anywhere at all.

    None stands for the head. An environment without a gate is held only by a commit that the gates
    file names; one with a gate is closed until the file names it.

    Raises:
        SlipwayError: the file names no commit.
    """
    from .engine import gate_commit

    if environment.name not in gates:
        return None, not environment.gate
    return gate_commit(repository, gates, environment.name), True


def modes_from(repository: Repository, state: State, start: str) -> str:
    """Return the commit that modes are taken from: the trigger, which later commits do not move.

    Only when somebody changed nothing but a mode since then is it the commit that was asked about.
    """
    changed = repository.other_modes(start, state.head_commit) & state.hashes().keys()
    return start if changed else state.head_commit


def one_after(
    repository: Repository, start: str, settings: Config, environment: str, state: State
) -> bool:
    """Say whether another step waits in the upstream's queue, once this state is recorded."""
    from .engine.desired import Question, Walk, state_of

    question = Question(settings, settings.environment(environment), state)
    sight = Walk(repository, start, question).at_start()
    if sight.propagated_head == state.propagated_head:
        return False
    return state_of(repository, sight, origin=False).hashes() != state.hashes()


def files_in_words(differences: tuple[Difference, ...]) -> str:
    """Return what differs for the screen: `3 files differ: a, +b, -c`."""
    signs = {"added": "+", "removed": "-", "changed": ""}
    names = list(dict.fromkeys(f"{signs[one.kind]}{one.path}" for one in differences))
    some = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    if not names:
        return "no file differs"
    return f"{len(names)} file{'s differ' if len(names) > 1 else ' differs'}: {some}"


_opened: dict[str, Repository] = {}


def repository_of(world: World) -> Repository:
    """Return our copy of the deployments repository, opened for the engine.

    It is opened once in a process, since what has been read of it is right for every environment:
    commits do not change.
    """
    from .engine import Repository

    path = mirror(world)
    if str(path) not in _opened:
        _opened.clear()  # one at a time: a plan has a copy of its own
        _opened[str(path)] = Repository(path)
    return _opened[str(path)]
