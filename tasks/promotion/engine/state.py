"""States: which content every file of an environment has, and how two of them differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a state.

    Attributes:
        file_hash: git's blob id of its content; None when it was no regular file.
        from_commit: the commit that last changed it.
        message: that commit's summary.
        dirty: whether what was deployed is not what the commit has.
    """

    file_hash: str | None
    from_commit: str
    message: str
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What an environment has, or should have.

    Attributes:
        head_commit: the trigger commit, the oldest one with this very set of files.
        files: "{origin}/path" → file.
        propagated_head: `head_commit` of the upstream's state that was taken over.
        any_dirty: whether one of the files is dirty.
    """

    head_commit: str
    files: Mapping[str, File] = field(default_factory=dict)
    propagated_head: str | None = None
    any_dirty: bool = False

    def hashes(self) -> dict[str, str | None]:
        """Return the content by path, whatever the origin."""
        return {path_of(key): file.file_hash for key, file in self.files.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """A state file.

    Attributes:
        current: what was recorded last.
        version: counts the records.
        propagated_from: the environment that it followed then.
        propagation_queue: earlier states that somebody downstream has not taken yet, newest first.
    """

    current: State
    version: int = 1
    propagated_from: str | None = None
    propagation_queue: tuple[State, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that differs.

    Attributes:
        key: "{origin}/path".
        kind: what happened to it.
        old: the file before; None when it was not there.
        new: the file after; None when it is gone.
    """

    key: str
    kind: Literal["added", "changed", "removed"]
    old: File | None
    new: File | None

    @property
    def path(self) -> str:
        """The path without its origin."""
        return path_of(self.key)

    def __str__(self) -> str:
        verb = "changed" if self.kind == "changed" else f"was {self.kind}"
        return f"File {self.path} {verb}"


def key_of(origin: str, path: str) -> str:
    """Return the key of a file that came from an environment, or from the commit (`LATEST`)."""
    return f"{{{origin}}}/{path}"


def path_of(key: str) -> str:
    """Return the path of a key: what follows the first `}/`."""
    return key[key.find("}/") + 2 :] if "}/" in key else key


def origin_of(key: str) -> str:
    """Return the origin of a key."""
    return key.partition("}/")[0].removeprefix("{")


def in_order(keys: Iterable[str]) -> list[str]:
    """Return keys in the order of their bytes, as state files and all output have them."""
    return sorted(keys, key=lambda key: key.encode("utf-8", "surrogateescape"))


def diff(new: State, old: State | None) -> list[Difference]:
    """Return how a state differs from an earlier one, by key: a changed origin counts.

    Args:
        new: the state that should be.
        old: the state that is; None when there is none yet, and every file is an added one.

    Returns:
        Additions and changes in the order of the keys, then removals likewise.
    """
    before = old.files if old is not None else {}
    found = []
    for key in in_order(new.files):
        file, was = new.files[key], before.get(key)
        if was is None:
            found.append(Difference(key, "added", None, file))
        elif file.file_hash is None and was.file_hash is None:
            continue
        elif file.dirty or was.dirty or file.file_hash != was.file_hash:
            kind: Literal["added", "changed"] = "added" if was.file_hash is None else "changed"
            found.append(Difference(key, kind, was, file))
    gone = in_order(key for key in before if key not in new.files)
    return found + [Difference(key, "removed", before[key], None) for key in gone]
