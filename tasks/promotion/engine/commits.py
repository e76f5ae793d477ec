"""Commits made with git plumbing: no work tree, no index of anybody's, no hooks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError

from . import statefile
from .config import DEFAULT_DEPLOYMENT, Config
from .renamed import origins, renamed
from .repository import LINK, SUBMODULE, Entry, Repository
from .twins import Twins, authored

FILE = "100644"
RECORDER = ("Cepler", "bot@cepler.io")
REBASER = ("Cepler", "bot@cepler.dev")
STATE_SUFFIX = ".state"


def now() -> str:
    """Return this moment as git stores it."""
    return f"{int(time.time())} +0000"


def identity(date: str | None = None) -> dict[str, str]:
    """Return author and committer of a state commit, by default of this moment."""
    return g.identity(*RECORDER, date or now())


def message(config: Config, environment: str) -> str:
    """Return the message of a state commit, word for word the original's."""
    if config.deployment == DEFAULT_DEPLOYMENT:
        return f"ci(cepler): Updated '{environment}' state"
    return f"ci(cepler): Updated '{config.deployment}' state in '{environment}'"


def commit_file(
    repository: Repository, parent: str, path: str, content: bytes, words: str,
    who: Mapping[str, str],
) -> str:  # fmt: skip
    """Make a commit that changes exactly one file, and return its id; no ref is moved."""
    blob = repository.text("hash-object", "-w", "--stdin", stdin=content)
    return commit_changes(repository, parent, {path: Entry(FILE, blob)}, words.encode(), who)


def commit_changes(
    repository: Repository, parent: str, files: Mapping[str, Entry | None], words: bytes,
    who: Mapping[str, str],
) -> str:  # fmt: skip
    """Make a commit on a parent with some files set (None removes); return its id."""
    gone = f"0 {'0' * 40}"
    told = "".join(
        f"{f'{entry.mode} {entry.blob}' if entry else gone}\t{path}\0"
        for path, entry in sorted(files.items(), key=lambda item: item[1] is not None)
    )
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        repository.git("read-tree", parent, env=index)
        repository.git("update-index", "--replace", "-z", "--index-info", env=index,
                       stdin=told.encode("utf-8", "surrogateescape"))  # fmt: skip
        tree = repository.text("write-tree", env=index)
    # The message goes in by standard input: only so git adds no newline to it.
    return repository.text("commit-tree", tree, "-p", parent, stdin=words, env=who)


@dataclass(frozen=True)
class Replay:
    """Commits put on another one.

    Attributes:
        head: the last commit; the new base when nothing was left to put there.
        made: how many of the commits are not on the base.
        again: the id of each commit that was made again, now or by a run that died after its push
            → its new one; one that had nothing left to change → the commit that has it all.
    """

    head: str
    made: int
    again: Mapping[str, str] = field(default_factory=dict)


def replay(repository: Repository, head: str, base: str) -> Replay:
    """Put what a branch has and a base has not on top of the base, as a rebase would.

    What stands on the base already stays as it is, merges too. State files are never merged line
    by line: two records of one environment are a conflict, unless they say the same. They name
    commits: those that are made again by their new ids.

    Raises:
        SlipwayError: a commit conflicts with the base, or is a merge; nothing has been changed.
    """
    told = repository.text("rev-list", "--reverse", "--topo-order", f"{base}..{head}", "--")
    local = told.split("\n") if told else []
    if not repository.text("rev-list", "-n", "1", base, "--not", head, "--"):
        return Replay(head, len(local))
    _refuse_merges(repository, local)
    at, made, again = base, 0, dict[str, str]()
    twins = Twins(repository, local, head, base)
    seen = twins.begin  # up to where an earlier run has had them pushed
    for commit in local:
        if (twin := _twin(repository, commit, twins, again)) is not None:
            again[commit] = seen = twin
            continue
        if seen is not None and made == 0 and _is_left(repository, commit, seen, again) == {}:
            again[commit] = seen
            continue
        files = _merged(repository, commit, at, again)
        if files:
            at = _again(repository, commit, at, files)
            made += 1
        again[commit] = at
    return Replay(at, made, again)


def _twin(
    repository: Repository, commit: str, twins: Twins, again: Mapping[str, str]
) -> str | None:
    """Return the commit on the base that a commit was made into; None when there is none.

    It changes on its parent exactly what would be left of the commit there: somebody's amended one
    has the same author and words, and is another.
    """
    for twin, parent in twins.of(commit):
        if _is_left(repository, commit, parent, again) == twins.changes(twin, parent):
            twins.take(twin)
            return twin
    return None


def _is_left(
    repository: Repository, commit: str, onto: str, again: Mapping[str, str]
) -> dict[str, Entry | None] | None:
    """Return what a commit still changes on another base; None when it conflicts with that."""
    try:
        return _merged(repository, commit, onto, again)
    except g.GitError:
        raise
    except SlipwayError:
        return None


def _refuse_merges(repository: Repository, local: list[str]) -> None:
    """Refuse to make merges again: what was resolved in them would be lost.

    Raises:
        SlipwayError: there is one.
    """
    merges = [commit for commit in local if len(repository.parents(commit)) > 1]
    if merges:
        words = repository.summaries(merges)
        raise SlipwayError(
            "the remote has moved on, and a merge among the local commits cannot be put on top of"
            " it",
            detail=[*(f"merge {commit}: {words[commit]}" for commit in merges),
                    "nothing was pushed; the local commits stand"],
            fix="merge the remote's branch, too (git merge @{upstream}), look at the result, and"
            " push it",
        )  # fmt: skip


def _merged(
    repository: Repository, commit: str, onto: str, again: Mapping[str, str]
) -> dict[str, Entry | None]:
    """Return what a commit still changes on another base."""
    parents = repository.parents(commit)
    before = repository.entries(parents[0]) if parents else {}
    after, there = repository.entries(commit), repository.entries(onto)
    files: dict[str, Entry | None] = {}
    for path in sorted(before.keys() | after.keys()):
        old, new, now_there = before.get(path), after.get(path), there.get(path)
        if new == old:
            continue
        if path.endswith(STATE_SUFFIX):
            old, new = (_renamed(repository, commit, one, again) for one in (old, new))
        if new == now_there:
            continue
        if now_there == old:
            files[path] = new
        else:
            files[path] = _content(repository, commit, path, (old, new, now_there))
    _refuse_folder_for_file(repository, commit, there, files)
    return files


def _refuse_folder_for_file(
    repository: Repository, commit: str, there: Mapping[str, Entry],
    files: Mapping[str, Entry | None],
) -> None:  # fmt: skip
    """Refuse a file where the other side has a folder, or the other way round; git drops one.

    Raises:
        SlipwayError: that is so.
    """
    left = (there.keys() | files.keys()) - {path for path, entry in files.items() if entry is None}
    for path in sorted(left & folders_of(left)):
        raise _conflict(repository, commit, path)


def folders_of(paths: Iterable[str]) -> set[str]:
    """Return every folder that some files are in."""
    found = set[str]()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in found:
            found.add(path)
    return found


def _renamed(
    repository: Repository, commit: str, entry: Entry | None, again: Mapping[str, str]
) -> Entry | None:
    """Return a state file that names commits by their new ids.

    Raises:
        SlipwayError: a file that it names has another content in the new commit.
    """
    if entry is None or entry.mode in {SUBMODULE, LINK}:
        return entry
    try:
        record = statefile.parse(repository.blob(entry.blob), commit)
    except SlipwayError:
        return entry  # it only looks like one
    new = renamed(record, again)
    if new == record:
        return entry
    for path, origin in origins(record):
        if (there := again.get(origin)) is None:
            continue
        if repository.entries(origin).get(path) != repository.entries(there).get(path):
            raise _conflict(repository, origin, path)
    told = statefile.emit(new)
    return Entry(entry.mode, repository.text("hash-object", "-w", "--stdin", stdin=told))


def _content(
    repository: Repository, commit: str, path: str, sides: tuple[Entry | None, ...]
) -> Entry:
    """Merge a file that both sides changed.

    Raises:
        SlipwayError: they changed the same lines, or it is no text that can be merged.
    """
    old, new, there = sides
    if old and new and there and old.mode == new.mode == there.mode not in {SUBMODULE, LINK} \
            and not path.endswith(STATE_SUFFIX):  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="slipway-merge-") as folder:
            names = [Path(folder, name) for name in ("there", "old", "new")]
            for name, entry in zip(names, (there, old, new), strict=True):
                name.write_bytes(repository.blob(entry.blob))
            try:
                merged = repository.git("merge-file", "-p", "-q", *map(str, names))
            except g.GitError:
                raise _conflict(repository, commit, path) from None
        return Entry(new.mode, repository.text("hash-object", "-w", "--stdin", stdin=merged))
    raise _conflict(repository, commit, path)


def _conflict(repository: Repository, commit: str, path: str) -> SlipwayError:
    words = repository.summaries([commit])[commit]
    recorded = path.endswith(STATE_SUFFIX)
    return SlipwayError(
        f"{path} was changed on the remote, too: "
        + ("somebody else recorded this environment" if recorded else "the commits conflict"),
        detail=[f"local commit {commit}: {words}", "nothing was pushed; the local commit stands"],
        fix="look at both (git diff @{upstream} HEAD), then take the remote's with"
        " git reset --hard @{upstream}, run check, deploy what it says, and record again"
        if recorded
        # Rebased by hand, the commits would have other ids than records among them say.
        else "merge the remote's branch (git merge @{upstream}), look at the result, and push it",
    )


def _again(
    repository: Repository, commit: str, onto: str, files: Mapping[str, Entry | None]
) -> str:
    """Make a commit once more on another parent: its author stays, the committer is the bot."""
    (name, email, date), words = authored(repository, [commit])[commit]
    who = {**g.identity(*REBASER, now()), "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email,
           "GIT_AUTHOR_DATE": date}  # fmt: skip
    return commit_changes(repository, onto, files, words, who)
