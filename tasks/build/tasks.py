"""Declares `app:*` and `binary`: inputs and version → stamped environments, the compiled binary."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare, paths
from ..kernel.config import App
from ..kernel.pipeline import pipeline
from ..kernel.world import World
from .binary import FILE, beside, build, foresee
from .stamp import stamped_env


def stamp_app(app: App, world: World) -> str:
    """Write the candidate's stamped environment of one app."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write(paths.app(app.name), b"")
        return "nothing to release"
    world.write(paths.app(app.name), stamped_env(world, app, version["commit"], version["version"]))
    return f"{app.variable}={version['version']}"


def task_app() -> Iterator[declare.Task]:
    """`app:*`: the version goes into each app's environment file."""
    config = pipeline()
    yield declare.group("app", "the candidate's version in every app")
    for name, app in config.apps.items():
        yield declare.stage(
            f"app:{name}",
            partial(stamp_app, app),
            doc=f"stamp {app.env_file} with the candidate's version",
            room="build",
            reads=[paths.VERSION, *map(paths.candidate_input, app.inputs)],
            writes=[paths.app(name)],
            settings=config.slice(f"apps.{name}"),
            grouped=True,
        )


def task_binary() -> Iterator[declare.Task]:
    """`binary`: compiled from a clean checkout of the candidate's commit."""
    config = pipeline()
    binary = config.binary
    if binary:
        yield declare.stage(
            "binary",
            partial(build, binary),
            doc=f"compile {binary.name}: {' '.join(binary.command)}",
            room="build",
            reads=[paths.VERSION, *map(paths.candidate_input, binary.inputs)],
            writes=[paths.BINARY, f"{FILE}/{binary.name}", *beside(binary)],
            settings=config.slice("binary"),
            forecast=partial(foresee, binary),
        )
