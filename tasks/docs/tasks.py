"""Declares `docs`: candidate, checks' artifacts → generated pages, the files of a new version."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..kernel import declare, paths, remotes
from ..kernel import git as g
from ..kernel.config import Docs
from ..kernel.effects import Foreseen
from ..kernel.pipeline import pipeline
from ..kernel.world import UNKNOWN, Forecast, World
from .bundle import key_of, save, settings_of
from .generate import generate
from .snapshot import copied
from .tree import AtCommit, Changed

_NOTHING = "nothing to release"


def write(docs: Docs, world: World) -> str:
    """Run the commands at the candidate's commit, and keep the pages as they are then."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write(paths.DOCS_FILES, b"")
        world.write_json(paths.DOCS, {"skipped": _NOTHING})
        return _NOTHING
    commit, core, mirror = version["commit"], version["core"], world.mirror("source")
    date = g.text("log", "-1", "--format=%ct", commit, "--", repo=mirror)
    env = {"VERSION": core, "COMMITHASH": commit, "SOURCE_DATE_EPOCH": date}
    with remotes.checkout(world, "source", commit, "docs") as tree:
        generated = generate(world, docs, tree, env)
    now = Changed(AtCommit(mirror, commit, docs.site), generated)
    kept = copied(now, core, settings_of(docs))
    save(world, _told(docs, world, version), generated, kept)
    return f"{core}: {len(generated)} generated, {len(kept)} kept as version {core}"


def _told(docs: Docs, world: World, version: dict[str, Any]) -> dict[str, Any]:
    key = key_of(world, docs, version)
    return {"core": version["core"], "commit": version["commit"], "key": key}


def foresee(docs: Docs, world: Forecast) -> Foreseen:
    """Foresee the documentation: equal inputs are taken to give equal pages."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write_json(paths.DOCS, {"skipped": _NOTHING})
        return Foreseen(_NOTHING)
    told = _told(docs, world, version)
    if world.json_or(paths.DOCS, {}).get("key") != told["key"]:
        world.write_json(paths.DOCS, told | {"files": UNKNOWN})
    return Foreseen(f"the pages of {version['commit'][:7]}, kept as version {version['core']}")


def task_docs() -> Iterator[declare.Task]:
    """`docs`: once the candidate is complete, what its release adds to the site."""
    config = pipeline()
    docs = config.docs
    if docs:
        yield declare.stage(
            "docs",
            partial(write, docs),
            doc="generate the docs, and keep them as a version of their own",
            room="docs",
            reads=[
                paths.VERSION,
                *map(paths.candidate_input, docs.inputs),
                *map(paths.verdict, docs.checks),
            ],
            writes=[paths.DOCS, paths.DOCS_FILES],
            after=["candidate"],
            settings=config.slice("docs"),
            forecast=partial(foresee, docs),
        )
