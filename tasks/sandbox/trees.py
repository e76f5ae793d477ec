"""Pure: trees as values, and their ids as git computes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

FILE, EXECUTABLE = "100644", "100755"


class Blob(NamedTuple):
    """A file of a seed: its content, and whether its owner may execute it."""

    content: bytes
    executable: bool = False


class Entry(NamedTuple):
    """A file in a git tree: its mode as git writes it, and the id of its content."""

    mode: str
    oid: str


Tree = Mapping[str, Blob]
Listing = Mapping[str, Entry]


def _object_id(kind: str, content: bytes) -> str:
    # Git's own naming of objects, no protection against anybody.
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()  # noqa: S324


def listing(tree: Tree) -> dict[str, Entry]:
    """Return modes and ids of a tree's files."""
    return {
        path: Entry(EXECUTABLE if blob.executable else FILE, _object_id("blob", blob.content))
        for path, blob in tree.items()
    }


def tree_id(files: Listing) -> str:
    """Return the id of the git tree that holds exactly these files."""
    folders: dict[str, dict[str, Entry]] = {}
    rows: list[tuple[bytes, bytes]] = []
    for path, entry in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(head, {})[rest] = entry
        else:
            rows.append(_row(head, entry.mode, entry.oid))
    for name, inside in folders.items():
        rows.append(_row(name, "40000", tree_id(inside)))
    return _object_id("tree", b"".join(row for _, row in sorted(rows)))


def _row(name: str, mode: str, oid: str) -> tuple[bytes, bytes]:
    # Git sorts a folder as if its name ended with a slash.
    order = name.encode() + (b"/" if mode == "40000" else b"")
    return order, f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid)


def file_and_folder(paths: Mapping[str, object]) -> tuple[str, str] | None:
    """Return a path and one below it that are both files, which no tree can hold; else None."""
    for path in sorted(paths):
        parent = path
        while "/" in parent:
            parent = parent.rpartition("/")[0]
            if parent in paths:
                return parent, path
    return None
