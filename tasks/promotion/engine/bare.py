"""The engine on commits alone: what is due, its files, its record. Needs no work tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.kernel.errors import Failed, SlipwayError

from . import checkout, commits, config, gates, queue, records, statefile
from .config import DEFAULT_PATH, Config
from .desired import Question, Walk, state_of
from .repository import Repository, require_commit
from .state import Difference, Record, State, diff

Where = Repository | str | Path


class UpstreamNotDeployed(Failed):
    """The environment that another one follows has no record yet."""


@dataclass(frozen=True)
class Pending:
    """What an environment should have now, against what it was recorded with.

    Attributes:
        state: what it should have; without origins and messages unless they were asked for.
        recorded: what stands in its state file; None when it was never recorded.
        differences: why it is due, file by file; may be empty for the very first time.
        unread: what of the past cannot be read; history was followed up to there.
    """

    state: State
    recorded: Record | None
    differences: tuple[Difference, ...]
    unread: tuple[str, ...] = ()

    @property
    def due(self) -> bool:
        """Whether there is anything to deploy."""
        return self.recorded is None or bool(self.differences)


def opened(repo: Where) -> Repository:
    """Return a repository, opened once for several questions."""
    return repo if isinstance(repo, Repository) else Repository(repo)


def config_at(repo: Where, commit: str, path: str = DEFAULT_PATH) -> Config:
    """Return the configuration of a commit.

    Raises:
        SlipwayError: the commit has none.
        WrongUsage: it is not valid.
    """
    repository = opened(repo)
    entry = repository.tree(commit).get(path)
    if entry is None:
        raise SlipwayError(f"{path} is not in commit {commit[:12]}", where=str(repository.path))
    key = ("config", entry.blob, path)
    if key not in repository.kept:
        repository.kept[key] = config.parse(repository.blob(entry.blob), path)
    found: Config = repository.kept[key]
    return found


def records_at(repo: Where, commit: str, settings: Config) -> dict[str, Record]:
    """Return environment → record, as a commit has them."""
    return records.at_commit(opened(repo), commit, settings)


def gates_at(repo: Where, ref: str, path: str) -> dict[str, str]:
    """Return the gates file of a ref or commit: environment → commit id or `HEAD`.

    Raises:
        SlipwayError: there is no such ref, or no such file in it.
        WrongUsage: the file is no map.
    """
    repository = opened(repo)
    commit = require_commit(repository, ref)
    entry = repository.tree(commit).get(path)
    if entry is None:
        raise SlipwayError("Couldn't find gates file in branch", detail=[path, ref])
    return gates.parse(repository.blob(entry.blob), f"{ref}:{path}")


def gate_commit(repo: Where, known: Mapping[str, str], environment: str) -> str | None:
    """Return the commit up to which an environment may go, `start` of the questions below.

    Returns:
        None when its gate is open.

    Raises:
        WrongUsage: the environment is missing in the gates, or has no commit id there.
        SlipwayError: the commit does not exist.
    """
    gate = gates.of(known, environment)
    return None if gate is None else gates.commit(opened(repo), gate)


def desired(
    repo: Where, commit: str, settings: Config, environment: str, *, start: str | None = None,
    ignore_queue: bool = False, origin: bool = True,
) -> State:  # fmt: skip
    """Return the state that an environment should have.

    Args:
        repo: a bare repository or a work tree; its disk is not looked at.
        commit: full id of the branch's head: it has the environment's own record.
        settings: the configuration in force.
        environment: its name.
        start: the gate; `commit` itself when None.
        ignore_queue: jump to the upstream's current state.
        origin: find each file's last commit and its summary, too.
    """
    own = records_at(repo, commit, settings).get(environment)
    begin = start or commit
    return _desired(opened(repo), begin, settings, environment, own, ignore_queue, origin)[0]


def _desired(
    repository: Repository, start: str, settings: Config, environment: str, own: Record | None,
    ignore_queue: bool, origin: bool,
) -> tuple[State, list[str]]:  # fmt: skip
    """Return the state, and what of the past cannot be read; cepler would refuse to go on there."""
    unread: list[str] = []
    current = own.current if own else None
    question = Question(settings, settings.environment(environment), current, ignore_queue, unread)
    return state_of(repository, Walk(repository, start, question).trigger(), origin=origin), unread


def pending(
    repo: Where, commit: str, settings: Config, environment: str, *, start: str | None = None,
    ignore_queue: bool = False, origin: bool = False,
) -> Pending:  # fmt: skip
    """Return what an environment should have now, and why that is not what it has.

    Raises:
        UpstreamNotDeployed: the environment that it follows has no record at `commit`.
    """
    repository = opened(repo)
    known = records_at(repository, commit, settings)
    refuse_undeployed(settings, environment, known)
    own = known.get(environment)
    begin = start or commit
    state, unread = _desired(repository, begin, settings, environment, own, ignore_queue, origin)
    return replace(compare(state, own), unread=tuple(unread))


def refuse_undeployed(settings: Config, environment: str, known: Mapping[str, Record]) -> None:
    """Refuse to ask about an environment before the one that it follows has been recorded.

    Raises:
        UpstreamNotDeployed: that is so.
    """
    passed = settings.environment(environment).passed
    if passed is not None and passed not in known:
        raise UpstreamNotDeployed(
            f"Previous environment '{passed}' not deployed yet",
            fix=f"deploy and record {passed} first",
        )


def compare(state: State, own: Record | None) -> Pending:
    """Return what is pending between a state and a record."""
    return Pending(state, own, tuple(diff(state, own.current if own else None)))


def export(repo: Where, state: State, folder: str | Path, *, at: str | None = None) -> None:
    """Write the files of a state into a new or empty folder; see `checkout.export`.

    Args:
        repo: where the contents are.
        state: with origins (`desired`, or a record's `current`).
        folder: is made when missing.
        at: commit that gives the files taken directly (their modes may be newer than the state).
    """
    checkout.export(opened(repo), state, Path(folder), at=at)


def record_commit(
    repo: Where, branch_commit: str, environment: str, state: State, settings: Config, *,
    who: Mapping[str, str] | None = None, words: str | None = None,
) -> str:  # fmt: skip
    """Make the commit that records a state, on top of a branch's head; no ref is moved.

    The commit has exactly one file changed. The same arguments make the same commit; on another
    head, with the records that stand there, it is a new one: that is how a lost race is retried.

    Args:
        repo: gets the objects.
        branch_commit: full id of the branch's head.
        environment: which one was deployed.
        state: what it was deployed with, with origins.
        settings: the configuration in force.
        who: author, committer and dates (`kernel.git.identity`); the bot, now, when None.
        words: the message; cepler's when None.

    Returns:
        The id of the commit.
    """
    records.refuse_unfit(environment)
    repository = opened(repo)
    known = records_at(repository, branch_commit, settings)
    passed = settings.environment(environment).passed
    record = queue.recorded(environment, state, passed, known)
    return commits.commit_file(
        repository, branch_commit, settings.state_path(environment), statefile.emit(record),
        words or commits.message(settings, environment), who or commits.identity(),
    )  # fmt: skip
