"""What the engine asks git: trees, blobs, parents, and what changed between two commits.

Everything is read in a few calls and kept, since commits do not change. Works on bare repositories.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.kernel.gitwords import in_variables

from .stretch import Line

SUBMODULE = "160000"
LINK = "120000"
_COMMIT = re.compile("[0-9a-f]{40}")
_BATCHES = (48, 4096)  # commits compared at a time: few at first, most walks are short
_NEWEST = 2000  # commits whose parents are asked first; most walks are short
_MOST = 2**31 - 1  # that git can count
# Git would hand over each commit by itself, and be waited for as often.
_AT_ONCE = {"GIT_FLUSH": "0"}

Change = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree: its mode as git writes it, and its blob id."""

    mode: str
    blob: str


class Repository:
    """A git repository, read only.

    Args:
        path: a work tree's root, or a bare repository.
        env: what to add to git's environment (`GIT_DIR` and its like).

    Attributes:
        kept: what others have worked out from what does not change, by a key of theirs.
        remoded: the steps (commit, parent) compared so far that change a file's mode alone.
    """

    def __init__(self, path: str | Path, env: Mapping[str, str] | None = None) -> None:
        self.path = Path(path)
        self.env = dict(env or {})
        self._trees: dict[str, dict[str, Entry]] = {}
        self._blobs: dict[str, bytes] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._newest = _NEWEST
        self._changes: dict[tuple[str, str], dict[str, Change]] = {}
        self._batch = _BATCHES[0]
        self._files: dict[str, dict[str, Entry]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._lines: list[Line] = []
        self._summaries: dict[str, str] = {}
        self.remoded: set[tuple[str, str]] = set()
        self.kept: dict[object, Any] = {}

    def git(self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None,
            ok: tuple[int, ...] = (0,)) -> bytes:  # fmt: skip
        """Run git in this repository; see `kernel.git.git`."""
        return g.git(*args, repo=self.path, stdin=stdin, env={**self.env, **(env or {})}, ok=ok)

    def text(self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None,
             ok: tuple[int, ...] = (0,)) -> str:  # fmt: skip
        """Run git in this repository and return its words without the newline at their end."""
        told = self.git(*args, stdin=stdin, env=env, ok=ok)
        return told.decode("utf-8", "surrogateescape").removesuffix("\n")

    @cached_property
    def line_ends(self) -> tuple[str, ...]:
        """Words for git before it writes or compares the files of somebody's own work tree.

        What is configured there about line ends counts there; everywhere else it does not
        (`kernel.gitwords`).
        """
        told = self.text("config", "-z", "--get-regexp", r"^core\.autocrlf$", ok=(0, 1)).split("\0")
        own = told[:-2]  # the last one, of git's own -c, is what it is always told
        if not own:
            return ()
        _, given, value = own[-1].partition("\n")
        return ("-c", f"core.autocrlf={value if given else 'true'}")

    @cached_property
    def no_filters(self) -> Mapping[str, str]:
        """Environment for git by which no filter (LFS, say) changes a content: raw bytes count."""
        told = self.git("config", "-z", "--name-only", "--get-regexp", r"^filter\.", ok=(0, 1))
        names = {os.fsdecode(name).rpartition(".")[0] for name in told.split(b"\0") if name}
        none = {"smudge": "", "clean": "", "process": "", "required": "false"}
        return in_variables([(f"{one}.{key}", none[key]) for one in sorted(names) for key in none])

    def on_files(
        self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None,
        ok: tuple[int, ...] = (0,),
    ) -> bytes:  # fmt: skip
        """Run git where it writes, or compares, the files of somebody's own work tree.

        It compares them, too, when it writes their index: what has just been written may have
        changed since, within the same tick of the clock.
        """
        env = {**self.no_filters, **(env or {})}
        return self.git(*self.line_ends, *args, stdin=stdin, env=env, ok=ok)

    def commit(self, name: str) -> str | None:
        """Return the commit id of a full ref name, `HEAD` or an id; None when there is none."""
        spec = f"{name}^{{commit}}"
        return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", spec,
                         ok=(0, 1, 128)) or None  # fmt: skip

    def is_commit(self, name: str) -> bool:
        """Say whether a full id is that of a commit here (a tag's id is not)."""
        if not _COMMIT.fullmatch(name):
            return False
        return self.text("cat-file", "-t", name, ok=(0, 128)) == "commit"

    def entries(self, commit: str) -> Mapping[str, Entry]:
        """Return everything that a commit has, submodules too."""
        if commit not in self._trees:
            found: dict[str, Entry] = {}
            for record in self.git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
                if record:
                    about, _, path = record.partition(b"\t")
                    mode, _, blob = about.decode().split(" ")
                    found[path.decode("utf-8", "surrogateescape")] = Entry(mode, blob)
            self._trees[commit] = found
        return self._trees[commit]

    def tree(self, commit: str) -> Mapping[str, Entry]:
        """Return every file of a commit, symbolic links included, submodules not."""
        if commit not in self._files:
            entries = self.entries(commit)
            found = {path: entry for path, entry in entries.items() if entry.mode != SUBMODULE}
            self._files[commit] = found
        return self._files[commit]

    def below(self, commit: str, beginning: str) -> list[str]:
        """Return the paths of a commit's files that begin so, sorted."""
        if not beginning:
            return list(self.tree(commit))
        if commit not in self._sorted:
            self._sorted[commit] = sorted(self.tree(commit))
        paths = self._sorted[commit]
        first = bisect_left(paths, beginning)
        last = bisect_left(paths, beginning[:-1] + chr(ord(beginning[-1]) + 1))
        return paths[first:last]

    def line(self, commit: str) -> Line:
        """Return the straight line that a commit is on."""
        for line in self._lines:
            if commit in line.number or line.goes_on_to(commit):
                return line
        self._lines.append(Line(self, commit))
        return self._lines[-1]

    def blob(self, blob: str) -> bytes:
        """Return the content of a blob."""
        if blob not in self._blobs:
            self._blobs[blob] = self.git("cat-file", "blob", blob)
        return self._blobs[blob]

    def objects(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return several objects' raw content in one call; one that is missing is left out."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        told = self.git("cat-file", "--batch", stdin="".join(f"{i}\n" for i in wanted).encode())
        found: dict[str, bytes] = {}
        at = 0
        for name in wanted:
            end = told.index(b"\n", at)
            head = told[at:end].split(b" ")
            at = end + 1
            if len(head) == 3:
                size = int(head[2])
                found[name] = told[at : at + size]
                at += size + 1
        return found

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return a commit's parents in their order; none at the edge of a shallow clone."""
        known = self._parents.get(commit)
        if known is not None:
            return known
        bound, self._newest = str(self._newest), min(self._newest * 8, _MOST)
        for line in self.text("rev-list", "--parents", "-n", bound, commit, "--").split("\n"):
            one, *parents = line.split(" ")
            self._parents[one] = tuple(parents)
        return self._parents[commit]

    def other_modes(self, one: str, other: str) -> set[str]:
        """Return the paths of files that two commits have with different modes."""
        if one == other or self._none_remoded(one, other):
            return set()
        told = self.git("diff-tree", "-r", "-z", "--raw", "--no-renames", one, other, "--")
        fields = iter(told.split(b"\0"))
        found = set()
        for word in fields:
            if word.startswith(b":"):
                path = next(fields).decode("utf-8", "surrogateescape")
                before, after = word[1:].split(b" ", 2)[:2]
                if before != after and b"000000" not in (before, after):
                    found.add(path)
        return found

    def _none_remoded(self, one: str, other: str) -> bool:
        """Say whether two commits of a line are known to have no step with such a change between.

        What a step changes in content as well is no matter: it is another file then.
        """
        for line in self._lines:
            if one in line.number and other in line.number:
                first, last = sorted((line.number[one], line.number[other]))
                return not any(first <= step < last for step in line.remoded)
        return False

    def shallow_edges(self) -> frozenset[str]:
        """Return the commits at which a shallow clone ends."""
        folder = Path(self.text("rev-parse", "--git-common-dir"))
        try:
            return frozenset((self.path / folder / "shallow").read_text().split())
        except FileNotFoundError:
            return frozenset()

    def changes(self, commit: str, parent: str) -> Mapping[str, Change]:
        """Return what a commit changed against one parent: path → (blob there, blob before).

        None stands for no file; a change of the mode alone is none.
        """
        if (commit, parent) not in self._changes:
            self._compare(commit)
        return self._changes[commit, parent]

    def _compare(self, start: str) -> None:
        """Compare a batch of commits with their parents, from `start` on breadth-first."""
        edges: list[tuple[str, str]] = []
        seen, waiting = {start}, deque([start])
        while waiting and len(edges) < self._batch:
            commit = waiting.popleft()
            for parent in self.parents(commit):
                if (commit, parent) not in self._changes:
                    edges.append((commit, parent))
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        self._batch = min(self._batch * 4, _BATCHES[1])
        told = self.git(
            "diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--always",
            stdin="".join(f"{commit} {parent}\n" for commit, parent in edges).encode(),
            env=_AT_ONCE,
        )  # fmt: skip
        fields = iter(told.split(b"\0"))
        waiting_edges = iter(edges)
        edge, current = ("", ""), dict[str, Change]()
        for word in fields:
            if not word:
                continue
            if not word.startswith(b":"):
                edge = next(waiting_edges)
                current = self._changes.setdefault(edge, {})
                continue
            path = next(fields).decode("utf-8", "surrogateescape")
            old_mode, mode, old, new, _ = word[1:].decode().split(" ")
            change = _there(mode, new), _there(old_mode, old)
            if change[0] != change[1]:
                current[path] = change
            elif old_mode != mode:
                self.remoded.add(edge)

    def summaries(self, commits: Iterable[str]) -> dict[str, str]:
        """Return the summary of commits; one that is missing is left out."""
        wanted = set(commits)
        for commit, raw in self.objects(sorted(wanted - self._summaries.keys())).items():
            self._summaries[commit] = summary(raw.partition(b"\n\n")[2])
        return {commit: self._summaries[commit] for commit in wanted & self._summaries.keys()}

    def bring(self, blobs: Iterable[str]) -> None:
        """Read several blobs in one call, for `blob` to have them at hand."""
        self._blobs.update(self.objects(blob for blob in blobs if blob not in self._blobs))


def _there(mode: str, blob: str) -> str | None:
    return None if mode in {"000000", SUBMODULE} else blob


def summary(message: bytes) -> str:
    """Return the first paragraph of a commit message in one line, as libgit2 makes it.

    A run of blanks with a line break in it becomes one space, other blanks stay, the last go.
    """
    text = message.lstrip(b"\n").decode("utf-8", "replace")
    paragraph = re.split(r"\n[ \t\v\f\r]*(?:\n|\Z)", text, maxsplit=1)[0]
    paragraph = re.sub(r"[ \t\v\f\r]*\n[ \t\n\v\f\r]*", " ", paragraph)
    return paragraph.rstrip(" \t\n\v\f\r")


def require_commit(repository: Repository, name: str) -> str:
    """Return a commit id.

    Raises:
        SlipwayError: there is no such commit.
    """
    found = repository.commit(name)
    if found is None:
        raise SlipwayError(
            "the repository has no commit yet" if name == "HEAD" else f"{name} is not a commit",
            where=str(repository.path),
        )
    return found
