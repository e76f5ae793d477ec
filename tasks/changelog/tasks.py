"""Declares `changelog`: candidate, range since the last release → its section, the whole file."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths, remotes
from ..kernel.pipeline import pipeline
from ..kernel.world import World
from .cliff import OWN, Span, today, write_section
from .section import dated, prepended, section_of


def write(world: World) -> str:
    """Write the candidate's section and the changelog with it on top."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write(paths.SECTION, b"")
        world.write(paths.CHANGELOG, b"")
        return "nothing to release"
    core, commit, mirror = version["core"], version["commit"], world.mirror("source")
    release = world.config.release
    prefix = version.get("tag", "").removesuffix(version["version"])
    previous = f"{prefix}{version['previous']}" if version["previous"] else ""
    span = Span(commit, version["previous_commit"], previous, core)
    with remotes.scratch(world, "changelog") as scratch:
        written = write_section(mirror, span, release.cliff, scratch)
    before = remotes.files_at(mirror, commit, release.changelog) or b""
    after = prepended(
        before.decode("utf-8", "surrogateescape"), dated(written, core, today()), core
    )
    section = section_of(after, core)
    world.write(paths.SECTION, section.encode("utf-8", "surrogateescape"))
    world.write(paths.CHANGELOG, after.encode("utf-8", "surrogateescape"))
    lines = sum(line.startswith("- ") for line in section.splitlines())
    return f"{core}: {lines} {'entry' if lines == 1 else 'entries'}"


def task_changelog() -> Iterator[declare.Task]:
    """`changelog`: once the candidate is complete, what lies between the last release and it."""
    yield declare.stage(
        "changelog",
        write,
        doc="write the candidate's changelog section with git-cliff",
        room="changelog",
        reads=[paths.VERSION, OWN],
        writes=[paths.SECTION, paths.CHANGELOG],
        after=["candidate"],
        settings=pipeline().slice("release"),
    )
