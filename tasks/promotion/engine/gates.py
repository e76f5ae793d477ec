"""Gates: the commit up to which an environment may go, kept outside the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tasks.kernel.errors import SlipwayError, WrongUsage

from . import documents as d
from .repository import Repository

OPEN = "HEAD"


def parse(content: bytes, where: str) -> dict[str, str]:
    """Return a gates file as environment → commit id or `HEAD`.

    Raises:
        WrongUsage: it is not such a map.
    """
    try:
        fields = d.mapping(d.read(content, where), where)
        return {name: d.string(value, f"{where}: {name}") for name, value in fields.items()}
    except d.NotReadable as error:
        raise WrongUsage(error.what, where=error.where, detail=error.detail) from None


def on_branch(repository: Repository, branch: str, path: str) -> dict[str, str]:
    """Return the gates of a branch: the local one, else that of `origin`.

    Raises:
        SlipwayError: no such branch, or no such file in it.
    """
    for ref in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"):
        commit = repository.commit(ref)
        if commit is not None:
            entry = repository.tree(commit).get(path)
            if entry is None:
                raise SlipwayError("Couldn't find gates file in branch", detail=[path, ref])
            return parse(repository.blob(entry.blob), f"{branch}:{path}")
    raise SlipwayError("Couldn't find branch", detail=[branch])


def of(gates: Mapping[str, str], environment: str) -> str | None:
    """Return the gate of an environment as it is written; None when it is open.

    Raises:
        WrongUsage: the file does not name the environment.
    """
    if environment not in gates:
        raise WrongUsage(
            "Environment is missing in gates file",
            fix=f"add '{environment}: {OPEN}', or a commit id of 40 digits",
            detail=[environment],
        )
    return None if gates[environment] == OPEN else gates[environment]


def commit(repository: Repository, gate: str) -> str:
    """Return the commit that a gate names; only full ids count.

    Raises:
        WrongUsage: no commit id.
        SlipwayError: the repository has no such commit.
    """
    if not re.fullmatch(r"[0-9A-Fa-f]{1,40}", gate):
        raise WrongUsage("Gate is not a valid commit hash", detail=[gate])
    if not repository.is_commit(gate.lower()):
        raise SlipwayError(
            "Gate commit doesn't exist",
            detail=[gate],
            fix="a gate is a full commit id of 40 digits; fetch, if the commit is new",
        )
    return gate.lower()
