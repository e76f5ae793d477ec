"""Bring an edit of the seed into a tree that has gone on by itself, file by file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from tasks.kernel.errors import SlipwayError
from tasks.kernel.git import GitError

from .repository import content, run, store
from .trees import EXECUTABLE, FILE, Entry, Listing, file_and_folder

_PLAIN = (FILE, EXECUTABLE)
_SHOWN = 16  # lines of a conflict that a message shows


class Sides(NamedTuple):
    """The two that may both have edited a file, as a person knows them: a folder, a repository."""

    seed: str
    repository: str

    @property
    def remote(self) -> str:
        """The other side in words."""
        return f"main of {self.repository}"


def takeover(
    repository: Path, old: Listing, new: Listing, main: Listing, sides: Sides
) -> dict[str, Entry | None]:
    """Return what has to change on main so that it has the seed's edit; None takes a file away.

    Args:
        repository: where the contents are, and where merged ones are stored.
        old: the seed as it was seeded last.
        new: the seed as it is.
        main: the tree of main as it is.
        sides: what the two sides are called in a conflict.

    Raises:
        SlipwayError: both sides changed the same lines, or one changed what the other took away.
    """
    changes: dict[str, Entry | None] = {}
    for path in sorted(old.keys() | new.keys()):
        base, theirs, ours = old.get(path), new.get(path), main.get(path)
        if theirs in (base, ours):
            continue
        if ours == base:
            changes[path] = theirs
        elif theirs is None or ours is None or ours.mode not in _PLAIN:
            raise _gone(path, theirs, ours, sides)
        else:
            changes[path] = _merged(repository, path, (ours, base, theirs), sides)
    after = {**main, **{path: entry for path, entry in changes.items() if entry}}
    clash = file_and_folder(
        {path: entry for path, entry in after.items() if changes.get(path, entry)}
    )
    if clash:
        raise _conflict(
            clash[0], sides, [f"one side has it as a file, the other as a folder with {clash[1]}"]
        )
    return changes


def _merged(
    repository: Path, path: str, three: tuple[Entry, Entry | None, Entry], sides: Sides
) -> Entry:
    ours, base, theirs = three
    mode = theirs.mode if base is None or ours.mode == base.mode else ours.mode
    if base is not None and theirs.oid in (base.oid, ours.oid):
        return Entry(mode, ours.oid)
    if base is not None and ours.oid == base.oid:
        return Entry(mode, theirs.oid)
    with tempfile.TemporaryDirectory(prefix="slipway-merge-") as folder:
        names = []
        for name, entry in (("ours", ours), ("base", base), ("theirs", theirs)):
            file = Path(folder) / name
            file.write_bytes(content(repository, entry.oid) if entry else b"")
            names.append(str(file))
        labels = ("-L", sides.remote, "-L", "before", "-L", sides.seed)
        try:
            merged = run(repository, "merge-file", "-p", *labels, *names)
        except GitError as error:
            # The exit code counts the conflicts; 128 and up mean that it could not be tried.
            if error.returncode >= 128:
                raise _conflict(path, sides, [str(error.what)]) from None
            hunks = run(repository, "merge-file", "-p", *labels, *names, ok=range(128))
            raise _conflict(path, sides, _hunk(hunks)) from None
    return Entry(mode, store(repository, merged))


def _hunk(merged: bytes) -> list[str]:
    lines = merged.decode(errors="replace").splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("<<<<<<<")), 0)
    return lines[first:]


def _gone(path: str, theirs: Entry | None, ours: Entry | None, sides: Sides) -> SlipwayError:
    kept, lost = (sides.remote, sides.seed) if theirs is None else (sides.seed, sides.remote)
    if theirs and ours:
        return _conflict(path, sides, [f"{sides.remote} has something there that is no plain file"])
    return _conflict(path, sides, [f"taken away in {lost}, edited in {kept}"])


def _conflict(path: str, sides: Sides, detail: list[str]) -> SlipwayError:
    return SlipwayError(
        f"{path} was edited in {sides.seed} and in {sides.remote}, and the two do not go together",
        fix=f"take theirs, run the same again, and edit it once more: git -C {sides.repository}"
        f" show main:{path} > {sides.seed}/{path}\n"
        "  (or doit sandbox:reset --yes, which makes the whole sandbox anew)",
        detail=detail[:_SHOWN],
    )
