"""Fingerprints of input sets: the git ids of their paths at one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..kernel import git as g


def _entries(mirror: Path, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """Return path → "MODE TYPE ID" of paths at a commit; a path that is not there is left out."""
    if not paths:
        return {}
    found: dict[str, str] = {}
    # Overlapping paths (`apps` and `apps/web`) make `ls-tree` list only the inner one: ask for each
    # level by itself.
    by_depth: dict[int, list[str]] = {}
    for path in paths:
        by_depth.setdefault(path.count("/"), []).append(path)
    for level in by_depth.values():
        specs = [path for path in level if path != "."]
        if "." in level:
            found["."] = f"040000 tree {g.text('rev-parse', f'{commit}^{{tree}}', repo=mirror)}"
        if not specs:
            continue
        out = g.git(
            "--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *specs, repo=mirror
        )
        for entry in out.decode("utf-8", "surrogateescape").split("\0"):
            if entry:
                told, _, path = entry.partition("\t")
                found[path] = told
    return found


def fingerprints(
    mirror: Path, commit: str, sets: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the fingerprint of each input set at a commit.

    Args:
        mirror: a repository with the commit.
        commit: full commit id.
        sets: name → paths of files and folders.

    Returns:
        Name → text (a line each path: mode, type, id, path), and (set, path) for paths that are not
        there.
    """
    entries = _entries(mirror, commit, sorted({path for paths in sets.values() for path in paths}))
    told: dict[str, str] = {}
    missing: list[tuple[str, str]] = []
    for name, paths in sets.items():
        lines = []
        for path in sorted(paths):
            if path in entries:
                lines.append(f"{entries[path]}\t{path}\n")
            else:
                lines.append(f"absent\t{path}\n")
                missing.append((name, path))
        told[name] = "".join(lines)
    return told, missing
