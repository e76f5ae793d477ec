"""Stamping an app's environment file with the version."""

from __future__ import annotations

import re

from ..kernel import remotes
from ..kernel.config import App
from ..kernel.world import World


def stamp(text: str, variable: str, value: str) -> str:
    """Return an environment file with one variable set, everything else as it was.

    The first assignment is replaced where it stands, exported as it was, and further ones go, so
    stamping twice is stamping once; a file without one gets it at its end.

    Args:
        text: the file's content.
        variable: the name.
        value: the version: letters, digits, `.`, `-` and `+`, so no quotes are needed.
    """
    pattern = re.compile(
        rf"^[ \t]*(export[ \t]+)?{re.escape(variable)}[ \t]*=.*(?:\r?\n|\Z)", re.MULTILINE
    )
    ending = "\r\n" if "\r\n" in text else "\n"
    line = f"{variable}={value}{ending}"
    first = pattern.search(text)
    if first is None:
        gap = "" if not text or text.endswith("\n") else ending
        return text + gap + line
    before, after = text[: first.start()], text[first.end() :]
    return before + (first[1] or "") + line + pattern.sub("", after)


def stamped_env(world: World, app: App, commit: str, version: str) -> bytes:
    """Return an app's environment file at a commit, stamped with a version."""
    content = remotes.files_at(world.mirror("source"), commit, app.env_file) or b""
    text = content.decode("utf-8", "surrogateescape")
    return stamp(text, app.variable, version).encode("utf-8", "surrogateescape")
