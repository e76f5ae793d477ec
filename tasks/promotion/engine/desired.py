"""The state that an environment should have: at a commit, and walked back to its trigger commit.

The walk compares a commit with its child by what git says has changed, and looks closer only where
the configuration, the upstream's record or a matched file has: one pass, however long the history.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from . import queue, records
from .config import Config, Environment, parse
from .globs import beginning
from .origins import origins
from .repository import Repository
from .state import LATEST, File, State, key_of, path_of


@dataclass(frozen=True)
class Question:
    """What is asked of the history.

    Attributes:
        config: the configuration in force now.
        environment: the environment.
        own: what it has been recorded with; None when it never was.
        ignore_queue: jump to the upstream's current state.
        unread: gets what could not be read of the past, where the walk ends then; None to raise it.
    """

    config: Config
    environment: Environment
    own: State | None = None
    ignore_queue: bool = False
    unread: list[str] | None = None


@dataclass(frozen=True)
class Sight:
    """What one commit says about an environment.

    Attributes:
        commit: the commit.
        config: the configuration that counts there.
        config_blob: the one that the commit itself has; None when it has none.
        environment: the environment in that configuration.
        upstream_blob: the upstream's state file there; None when there is none.
        latest: path → blob id of the files taken from the commit.
        propagated: path → file taken over from the upstream.
        propagated_head: the head of the upstream's state that was chosen.
    """

    commit: str
    config: Config
    config_blob: str | None
    environment: Environment
    upstream_blob: str | None
    latest: Mapping[str, str] = field(default_factory=dict)
    propagated: Mapping[str, File] = field(default_factory=dict)
    propagated_head: str | None = None

    def content(self) -> tuple[Mapping[str, str], str | None, dict[str, str | None]]:
        """Return what two equivalent sights have in common."""
        taken = {path: file.file_hash for path, file in self.propagated.items()}
        return self.latest, self.environment.passed if taken else None, taken


class Walk:
    """The search for one environment's desired state.

    Args:
        repository: where.
        start: the commit to begin at (the gate, or the head).
        question: what is asked.
    """

    def __init__(self, repository: Repository, start: str, question: Question) -> None:
        self.repository = repository
        self.start = start
        self.question = question

    def at_start(self) -> Sight:
        """Return what the first commit says, with the configuration in force now."""
        config, environment = self.question.config, self.question.environment
        tree = self.repository.tree(self.start)
        own = tree.get(config.path)
        sight = Sight(
            self.start, config, own.blob if own else None, environment,
            self._upstream_blob(self.start, config, environment),
        )  # fmt: skip
        return self._propagate(replace(sight, latest=self._latest(sight)))

    def trigger(self) -> Sight:
        """Return the oldest sight reached that is equivalent to the first one.

        Breadth-first over the ancestors; the first one that differs ends the walk.
        """
        self.repository.line(self.start)  # all that is behind it is on it, as a rule
        best = self.at_start()
        content = best.content()
        waiting = deque((parent, best) for parent in self.repository.parents(self.start))
        seen = {self.start}
        while waiting:
            commit, child = waiting.popleft()
            if commit in seen:
                continue
            seen.add(commit)
            sight = self._readable(commit, child)
            if sight is None or sight.content() != content:
                return best
            best = sight if waiting else self._skipped(sight)
            waiting.extend((parent, best) for parent in self.repository.parents(best.commit))
        return best

    def _readable(self, commit: str, child: Sight) -> Sight | None:
        """Return a commit's sight; None as well where what stands there is no YAML, say."""
        try:
            return self._behind(commit, child)
        except SlipwayError as error:
            if self.question.unread is None:
                raise
            self.question.unread.append(f"{error.where or commit[:12]}: {error.what}")
            return None

    def _skipped(self, sight: Sight) -> Sight:
        """Go on along a straight line for as long as no commit of it changes what is looked at."""
        wanted = sight.config.latest(sight.environment)
        others = {self.question.config.path}
        if sight.environment.passed is not None:
            others.add(sight.config.state_path(sight.environment.passed))
        line = self.repository.line(sight.commit)
        commit = line.quiet_until(sight.commit, lambda path: path in others or wanted(path))
        return replace(sight, commit=commit)

    def _behind(self, commit: str, child: Sight) -> Sight | None:
        """Return a commit's sight, known that of a child; None where the environment is not."""
        changes = self.repository.changes(child.commit, commit)
        config_path = self.question.config.path
        blob = changes[config_path][1] if config_path in changes else child.config_blob
        if blob is None:
            return None
        config = self._config(blob)
        environment = config.environments.get(self.question.environment.name)
        if environment is None:
            return None
        upstream = self._upstream_behind(commit, child, config, environment, changes)
        sight = replace(
            child, commit=commit, config=config, config_blob=blob, environment=environment,
            upstream_blob=upstream,
        )  # fmt: skip
        if (config.folder, environment.latest) != (child.config.folder, child.environment.latest):
            sight = replace(sight, latest=self._latest(sight))
        elif any(map(config.latest(environment), changes)):
            return None  # a file that the environment takes has changed
        same = (environment.passed, environment.propagated, environment.ignore_queue, upstream)
        before = child.environment
        if same == (before.passed, before.propagated, before.ignore_queue, child.upstream_blob):
            return sight
        return self._propagate(sight)

    def _config(self, blob: str) -> Config:
        key = ("config", blob, self.question.config.path)
        if key not in self.repository.kept:
            found = parse(self.repository.blob(blob), self.question.config.path)
            self.repository.kept[key] = found
        config: Config = self.repository.kept[key]
        return config

    def _latest(self, sight: Sight) -> Mapping[str, str]:
        if not sight.environment.latest:
            return {}
        patterns, repository = sight.environment.latest, self.repository
        key = ("latest", sight.commit, patterns, sight.config.path, sight.config.folder)
        if key not in repository.kept:
            wanted, tree = sight.config.latest(sight.environment), repository.tree(sight.commit)
            paths = {path for one in patterns for path in repository.below(sight.commit,
                     beginning(one))}  # fmt: skip
            found = {path: tree[path].blob for path in sorted(paths) if wanted(path)}
            repository.kept[key] = found
        latest: Mapping[str, str] = repository.kept[key]
        return latest

    def _upstream_blob(self, commit: str, config: Config, environment: Environment) -> str | None:
        if environment.passed is None:
            return None
        entry = self.repository.tree(commit).get(config.state_path(environment.passed))
        return entry.blob if entry else None

    def _upstream_behind(
        self, commit: str, child: Sight, config: Config, environment: Environment,
        changes: Mapping[str, tuple[str | None, str | None]],
    ) -> str | None:  # fmt: skip
        if environment.passed is None:
            return None
        path = config.state_path(environment.passed)
        before = child.environment.passed
        if before is None or path != child.config.state_path(before):
            return self._upstream_blob(commit, config, environment)
        return changes[path][1] if path in changes else child.upstream_blob

    def _propagate(self, sight: Sight) -> Sight:
        environment = sight.environment
        wanted = sight.config.propagated(environment)
        if environment.passed is None or sight.upstream_blob is None:
            return replace(sight, propagated={}, propagated_head=None)
        where = f"{sight.commit[:12]}:{sight.config.state_path(environment.passed)}"
        record = records.of_blob(self.repository, sight.upstream_blob, where)
        jump = self.question.ignore_queue or environment.ignore_queue
        chosen = queue.choose(self.question.own, record, wanted, ignore_queue=jump)
        there = ((path_of(key), file) for key, file in chosen.files.items())
        taken = {
            path: replace(file, dirty=False) if file.dirty else file
            for path, file in there
            if file.file_hash is not None and path not in sight.latest and wanted(path)
        }
        return replace(sight, propagated=taken, propagated_head=chosen.head_commit)


def state_of(repository: Repository, sight: Sight, *, origin: bool = True) -> State:
    """Return a sight as a state.

    Args:
        repository: where.
        sight: what a commit says.
        origin: look up each file's last commit and its summary, too; a mere comparison needs none.
    """
    commits = origins(repository, sight.commit, sight.latest) if origin else {}
    words = repository.summaries(commits.values())
    files = {
        key_of(LATEST, path): File(
            blob, commits.get(path, ""), words.get(commits.get(path, ""), "")
        )
        for path, blob in sight.latest.items()
    }
    passed = sight.environment.passed or ""
    files.update((key_of(passed, path), file) for path, file in sight.propagated.items())
    return State(sight.commit, files, sight.propagated_head)


def on_disk(state: State, root: Path) -> State:
    """Return a state with the content that its files have on disk, dirty where that differs.

    Args:
        state: what the files should be.
        root: the work tree.
    """
    files = {}
    for key, file in state.files.items():
        found = hash_of(root / path_of(key))
        dirty = found is None or found != file.file_hash
        files[key] = replace(file, file_hash=found, dirty=dirty)
    return replace(state, files=files, any_dirty=any(file.dirty for file in files.values()))


def hash_of(path: Path) -> str | None:
    """Return the blob id of a file's raw content, links followed; None for what is no file."""
    try:
        if not path.is_file():
            return None
        content = path.read_bytes()
    except OSError:
        return None
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()
