"""A remote's branches and tags, as it has told them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ALL: Final = "*"
"""Stands for all branches, where a branch is named."""

# What a server says that it can do: by protocol 2 in a line, before that behind its first ref.
_FILTERS: Final = rb"< (?:fetch=|[0-9a-f]{40} \S+\\0)[^\n]*[ =]filter(?:[ \n]|$)"


class Refs(NamedTuple):
    """What a remote has told.

    Attributes:
        commits: full name → the commit it peels to, in order.
        ids: the same with what the names themselves stand for.
        annotated: tags that are objects of their own, and not only names.
    """

    commits: dict[str, str]
    ids: list[tuple[str, str]]
    annotated: frozenset[str]

    def chosen(self, branch: str) -> list[tuple[str, str]]:
        """Return all tags and a branch: `ALL` of them for that name, none for ""."""
        return [
            (name, oid) for name, oid in self.ids
            if branch == ALL or name.startswith("refs/tags/") or name == f"refs/heads/{branch}"
        ]  # fmt: skip

    def packed(self, branch: str) -> bytes:
        """Return them as a file of a repository that has fetched them."""
        text = "".join(
            f"{oid} {name.replace('refs/heads/', 'refs/remotes/origin/', 1)}\n"
            for name, oid in self.chosen(branch)
        )
        return text.encode("utf-8", "surrogateescape")


def read(told: bytes) -> Refs:
    """Return the refs of `git ls-remote` or `git show-ref -d`."""
    commits: dict[str, str] = {}
    ids: list[tuple[str, str]] = []
    annotated = set()
    for line in told.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        oid, name = line.split(maxsplit=1)
        commits[name.removesuffix("^{}")] = oid  # the peeled line follows its tag
        if name.endswith("^{}"):
            annotated.add(name.removesuffix("^{}"))
        else:
            ids.append((name, oid))
    return Refs(commits, ids, frozenset(annotated))


def filters(packets: bytes) -> bool:
    """Say whether a server can leave out what is not wanted, by what git and it have said."""
    return re.search(_FILTERS, packets) is not None
