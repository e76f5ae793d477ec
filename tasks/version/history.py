"""Thin edge: what a git repository, bare or not, shows of its versions from one commit.

A handful of git calls whatever the size of the history: one for all refs, one for those in sight,
one for the range.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache, partial
from pathlib import Path

from tasks.kernel.errors import SlipwayError
from tasks.kernel.git import GitError, git, text

from .candidates import RESERVATIONS
from .commits import Commit
from .rules import Rules, parse_rules
from .sight import View

_TAGS = "refs/tags/"
_FIELDS = 3


def look(repo: str | Path, ref: str = "HEAD") -> View:
    """Read tags, reservations and, when asked for, commits.

    Args:
        repo: a bare repository or a work tree.
        ref: a branch, tag or commit id; never taken for an option.

    Raises:
        SlipwayError: no repository, a shallow one, or no such commit.
    """
    _refuse_unusable(repo)
    head = resolve(repo, ref)
    refs = _refs(repo)
    return View(
        head=head,
        tags=_below(_TAGS, refs),
        reservations=_below(RESERVATIONS, refs),
        reachable=lru_cache(maxsize=None)(partial(_reachable, repo, refs)),
        commits=lru_cache(maxsize=None)(partial(_range, repo, head)),
    )


def rules_at(repo: str | Path, commit: str) -> Rules:
    """Read `cog.toml` as it stands in a commit, never from the disk (rule 13).

    Where it is missing all is default.

    Raises:
        SlipwayError: it is broken; with the line.
    """
    answer = git("cat-file", "--batch", repo=repo, stdin=f"{commit}:cog.toml\n".encode())
    first, _, rest = answer.partition(b"\n")
    words = first.split()
    if len(words) != _FIELDS or words[1] != b"blob":
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


def resolve(repo: str | Path, ref: str) -> str:
    """Return the id of the commit that `ref` names.

    Raises:
        SlipwayError: there is none.
    """
    # A name with a control character cannot be a ref, and NUL cannot even be handed to a program.
    if ref and not ref.startswith("-") and ref.isprintable():
        try:
            return text(
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                f"{ref}^{{commit}}",
                repo=repo,
            )
        except GitError:
            pass
    what = "there is no commit yet" if ref == "HEAD" else f"there is no commit {ascii(ref)[1:-1]}"
    raise SlipwayError(what, where=str(repo), fix="name a branch, a tag or a commit that is there")


def _refuse_unusable(repo: str | Path) -> None:
    try:
        shallow = text("rev-parse", "--is-shallow-repository", repo=repo)
    except GitError as error:
        raise SlipwayError(
            "this is not a git repository that can be read",
            where=str(repo),
            fix="name a bare repository or a work tree",
            detail=[error.what, *error.detail],
        ) from None
    if shallow == "true":
        raise SlipwayError(
            "this is a shallow clone, so the version would be wrong",
            where=str(repo),
            fix="git fetch --unshallow --tags",
        )


def _refs(repo: str | Path) -> dict[str, str]:
    """Return tags and reservations, full name to commit; a tag of a file or folder is left out."""
    form = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"
    out = _for_each_ref(repo, f"--format={form}")
    refs: dict[str, str] = {}
    nested: list[str] = []
    for line in out:
        name, kind, this, target_kind, target = line.split("\0")
        if kind == "commit":
            refs[name] = this
        elif target_kind == "commit":
            refs[name] = target
        elif target_kind == "tag":  # older gits peel one layer only
            nested.append(name)
    refs.update(_peeled(repo, nested))
    return refs


def _peeled(repo: str | Path, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    asked = "".join(f"{name}^{{commit}}\n" for name in names)
    answer = git("cat-file", "--batch-check", repo=repo, stdin=_bytes(asked)).decode(
        errors="replace"
    )
    found = zip(names, answer.splitlines(), strict=True)
    return {name: line.split()[0] for name, line in found if line.split()[1:2] == ["commit"]}


def _reachable(repo: str | Path, refs: dict[str, str], commit: str) -> Collection[str]:
    names = _for_each_ref(repo, f"--merged={commit}", "--format=%(refname)")
    return frozenset(refs[name] for name in names if name in refs)


def _range(repo: str | Path, head: str, base: str | None) -> tuple[Commit, ...]:
    span = ("--max-count=1", head) if base == head else (head, *([f"^{base}"] if base else []))
    out = git(
        "log",
        "-z",
        "--no-show-signature",
        "--no-patch",
        "--no-color",
        "--encoding=UTF-8",
        "--format=%H%x00%P%x00%B",
        *span,
        "--",
        repo=repo,
    )
    fields = out.decode("utf-8", "replace").split("\0")
    # Each record ends with NUL, and no message can hold one.
    records = zip(fields[0::_FIELDS], fields[1::_FIELDS], fields[2::_FIELDS], strict=False)
    return tuple(Commit(commit, tuple(parents.split()), body) for commit, parents, body in records)


def _for_each_ref(repo: str | Path, *options: str) -> list[str]:
    out = git("for-each-ref", *options, _TAGS, RESERVATIONS, repo=repo)
    return out.decode("utf-8", "surrogateescape").split("\n")[:-1]


def _below(prefix: str, refs: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): at for name, at in refs.items() if name.startswith(prefix)}


def _bytes(names: str) -> bytes:
    return names.encode("utf-8", "surrogateescape")
