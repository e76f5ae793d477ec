"""Paths as text: cleaned as Go cleans them, and kept inside of where they belong."""

from __future__ import annotations

from tasks.kernel.errors import WrongUsage


def clean(path: str) -> str:
    """Return the shortest path of the same meaning, without looking at the disk."""
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    return ("/" if rooted else "") + "/".join(kept) or "."


def join(*parts: str) -> str:
    """Return several paths put behind one another, cleaned."""
    return clean("/".join(part for part in parts if part))


def inside(path: str, what: str, where: str = "") -> str:
    """Return a path below some root, cleaned and relative; "." is the root itself.

    A leading `/` means that root.

    Raises:
        WrongUsage: it climbs out.
    """
    if "\0" in path:
        raise WrongUsage(f"{what} {path!r} has a NUL in it", where=where)
    if clean(path).split("/")[0] == "..":
        raise WrongUsage(f"{what} {path!r} leaves its folder", where=where, fix="remove the ..")
    return clean("/" + path)[1:] or "."


def is_within(path: str, folder: str) -> bool:
    """Say whether a cleaned path is a folder or below it."""
    if folder in (".", "/"):
        return not path.startswith("..")
    return path == folder or path.startswith(folder + "/")
