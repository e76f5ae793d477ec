"""Thin edge: what a git repository, bare or not, shows of its versions from one commit.

A handful of git calls whatever the size of the history: one for all refs, one for those in sight,
one for the range.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import Any, NamedTuple

from tasks.kernel.errors import SlipwayError
from tasks.kernel.gitwords import GitError

from .commits import Commit
from .questions import REFS, SHALLOW, head_question
from .rules import Rules, parse_rules
from .sight import RESERVATIONS, View

_TAGS = "refs/tags/"
_FIELDS = 4
_ID = re.compile("[0-9a-f]{40,64}")
# A ref's name holds no `^`, so that the mark of what a tag peels to is none of it.
_LISTED = re.compile(f"^([0-9a-f]+) ((?:{_TAGS}|{RESERVATIONS})[^^\n]+)", re.MULTILINE)
# What `cat-file --follow-symlinks` says of links.
_NO_FILE = (b"symlink", b"dangling", b"loop", b"notdir")
Ask = Callable[..., bytes]


def _in_full(*args: str, **how: Any) -> bytes:
    from tasks.kernel.git import git

    return git(*args, **how)


class _Repository(NamedTuple):
    """A bare repository or a work tree, and who asks git there (`kernel.git` or `kernel.quick`)."""

    place: str | os.PathLike[str]
    ask: Ask = _in_full

    def git(self, *args: str, **how: Any) -> bytes:
        return self.ask(*args, repo=self.place, **how)

    def __str__(self) -> str:
        return os.fspath(self.place)


def look(
    repo: str | os.PathLike[str], ref: str = "HEAD", *, hasty: bool = False, ask: Ask = _in_full
) -> View:
    """Read tags, reservations and, when asked for, commits.

    Args:
        repo: a bare repository or a work tree.
        ref: a branch, tag or commit id; never taken for an option.
        hasty: tags of files and folders may be among the tags; they are never reachable.
        ask: runs git.

    Raises:
        SlipwayError: no repository, a shallow one, or no such commit.
    """
    if not os.fspath(repo):
        # `git -C ""` would answer for wherever we are.
        raise SlipwayError("no repository is named", fix="name a bare repository or a work tree")
    there = _Repository(repo, ask)
    head = _head(there, ref)
    refs = _refs(there)
    if not hasty:
        refs = _of_commits(there, refs)
    commits = _Commits(there, head)
    return View(
        head=head,
        tags=_below(_TAGS, refs),
        reservations=_below(RESERVATIONS, refs),
        reachable=lru_cache(maxsize=None)(partial(_reachable, there, refs)),
        commits=commits.since,
        above=commits.above,
    )


def rules_at(repo: str | os.PathLike[str], commit: str, ask: Ask = _in_full) -> Rules:
    """Read `cog.toml` as it stands in a commit, never from the disk (rule 13).

    Where it is missing all is default.

    Raises:
        SlipwayError: it is broken; with the line.
    """
    how = ("cat-file", "--batch", "--follow-symlinks")
    answer = ask(*how, repo=repo, stdin=f"{commit}:cog.toml\n".encode())
    first, _, rest = answer.partition(b"\n")
    words = first.split()
    if words[0] in _NO_FILE:
        raise SlipwayError(
            "cog.toml is a link that leads to no file of the commit",
            where=f"{commit[:10]}:cog.toml",
            fix="commit it as a plain file",
        )
    if len(words) != 3 or words[1] != b"blob":
        return Rules()
    content = rest[: int(words[2])]
    where = f"{commit[:10]}:cog.toml"
    try:
        return parse_rules(content.decode("utf-8-sig"), where)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SlipwayError(
            "not valid TOML: not UTF-8", where=f"{where}:{line}", fix="mend that line and commit it"
        ) from None


def resolve(repo: str | os.PathLike[str], ref: str) -> str:
    """Return the id of the commit that `ref` names.

    Raises:
        SlipwayError: there is none.
    """
    return _asked(_Repository(repo), ref)[-1]


def _head(repo: _Repository, ref: str) -> str:
    """Return the id of the commit that `ref` names in a repository that is fit for versions.

    Raises:
        SlipwayError: no repository, a shallow one, or no such commit.
    """
    try:
        shallow, head = _asked(repo, ref, SHALLOW)
    except SlipwayError:
        _refuse_shallow(_is_shallow(repo), repo)
        raise
    _refuse_shallow(shallow, repo)
    return head


def _asked(repo: _Repository, ref: str, *also: str) -> list[str]:
    """Return git's answers to what is `also` asked, and the id of the commit that `ref` names."""
    if question := head_question(ref, *also):
        try:
            told = repo.git(*question).decode(errors="replace").splitlines()
        except GitError:
            told = []
        if told[-1:] == ["--"] and len(told) == len(also) + 2 and _ID.fullmatch(told[-2]):
            return told[:-1]
    what = "there is no commit yet" if ref == "HEAD" else f"there is no commit {ascii(ref)[1:-1]}"
    raise SlipwayError(what, where=str(repo), fix="name a branch, a tag or a commit that is there")


def _is_shallow(repo: _Repository) -> str:
    try:
        return repo.git("rev-parse", SHALLOW).decode().strip()
    except GitError as error:
        if error.fix:
            raise  # it knows better what is missing: git itself
        raise SlipwayError(
            "this is not a git repository that can be read",
            where=str(repo),
            fix="name a bare repository or a work tree",
            detail=[error.what, *error.detail],
        ) from None


def _refuse_shallow(shallow: str, repo: _Repository) -> None:
    if shallow == "true":
        raise SlipwayError(
            "this is a shallow clone, so the version would be wrong",
            where=str(repo),
            fix="git fetch --unshallow --tags",
        )


def _refs(repo: _Repository) -> dict[str, str]:
    """Return tags and reservations: full name to what it peels to."""
    out = repo.git(*REFS, ok=(0, 1))
    # The peeled line follows its tag, and of two with one name the later one is kept.
    return {name: at for at, name in _LISTED.findall(out.decode("utf-8", "surrogateescape"))}


def _of_commits(repo: _Repository, refs: dict[str, str]) -> dict[str, str]:
    """Return the refs without those of files and folders."""
    asked = "".join(f"{at}\n" for at in refs.values()).encode()
    answer = repo.git("cat-file", "--batch-check=%(objecttype)", stdin=asked).decode()
    kinds = zip(refs.items(), answer.splitlines(), strict=True)
    return {name: at for (name, at), kind in kinds if kind == "commit"}


def _reachable(repo: _Repository, refs: dict[str, str], commit: str) -> Collection[str]:
    names = _for_each_ref(repo, f"--merged={commit}", "--format=%(refname)")
    return frozenset(refs[name] for name in names if name in refs)


class _Commits:
    """The commits below the head, each range read once."""

    def __init__(self, repo: _Repository, head: str) -> None:
        self.repo = repo
        self.head = head
        self.known: dict[str | None, tuple[Commit, ...]] = {}

    def since(self, base: str | None) -> tuple[Commit, ...]:
        """Return the commits of base..head; all without a base; head itself for head (rule 4)."""
        if base not in self.known:
            span = ["--max-count=1", self.head] if base == self.head else [self.head]
            span += [f"^{base}"] if base not in (None, self.head) else []
            self.known[base] = tuple(commit for _, commit in self._log(*span))
        return self.known[base]

    def above(self, base: str) -> tuple[Commit, ...] | None:
        """Return the commits of base..head when head stands on base; else None."""
        if base == self.head:
            return ()
        try:
            both = self._log("--left-right", f"{self.head}...{base}")
        except GitError:
            return None  # a tag of something else than a commit
        if any(side != "<" for side, _ in both):
            return None
        self.known[base] = tuple(commit for _, commit in both)
        return self.known[base]

    def _log(self, *span: str) -> list[tuple[str, Commit]]:
        out = self.repo.git(
            "log",
            "-z",
            "--no-show-signature",
            "--no-patch",
            "--no-color",
            "--encoding=UTF-8",
            "--format=%m%x00%H%x00%P%x00%B",
            *span,
            "--",
        )
        fields = out.decode("utf-8", "replace").split("\0")
        # Each record ends with NUL, and no message can hold one.
        records = zip(*(fields[place::_FIELDS] for place in range(_FIELDS)), strict=False)
        return [(side, Commit(at, tuple(above.split()), said)) for side, at, above, said in records]


def _for_each_ref(repo: _Repository, *options: str) -> list[str]:
    out = repo.git("for-each-ref", *options, _TAGS, RESERVATIONS)
    return out.decode("utf-8", "surrogateescape").split("\n")[:-1]


def _below(prefix: str, refs: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): at for name, at in refs.items() if name.startswith(prefix)}
