"""A room by itself: its functions called here, on the facts and the remotes of a small project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.forge.observe import observe as observe_forge
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import Image, load
from tasks.kernel.world import World
from tasks.source.observe import observe as observe_source
from tests.project import FILES, PIPELINE, WHO, Project


class Outside(Project):
    """What stands outside of a project; there is no working tree, rooms are called directly."""

    def __init__(self, folder: Path, pipeline: str = PIPELINE) -> None:
        folder.mkdir(parents=True)
        (folder / "pipeline.yml").write_text(pipeline)
        self.folder = folder
        self.clock = 1767225600

    def start(self, files: Mapping[str, str | None] = FILES) -> World:
        """Make the source with one commit, look at it, and return the world."""
        g.git("init", "--bare", "--quiet", str(self.source))
        self.commit("feat: the first shop", files)
        return self.look()

    def look(self) -> World:
        """Return the world after a look at the source and the forge."""
        world = world_of(self)
        look(world)
        return world


def world_of(project: Project) -> World:
    """Return the facts of a project, with its configuration as it is written now."""
    return World(load(project.folder / "pipeline.yml"), project.folder)


def look(world: World) -> None:
    """Observe the source and the forge, as every run does first."""
    observe_source(world)
    observe_forge(world)


def head(world: World) -> str:
    """Return the commit that was looked at last."""
    commit: str = world.json(paths.HEAD)["commit"]
    return commit


def receipt(world: World, task: str) -> dict[str, Any]:
    """Return what an effect left."""
    told: dict[str, Any] = world.json(paths.receipt(task))
    return told


def changed_image(world: World, name: str, **changes: Any) -> Image:
    """Return an image of the pipeline, configured otherwise."""
    return replace(world.config.images[name], **changes)


def edit_json(file: Path, **changes: Any) -> None:
    """Change a file of the forge, as only its own web page could."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


class Repository:
    """A bare repository whose commits are made one by one, with any message and parents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = 1767225600
        g.git("init", "--bare", "--quiet", str(folder))

    def commit(
        self, message: str, *parents: str, branch: str = "", files: Mapping[str, str] | None = None
    ) -> str:
        """Return a new commit with exactly these files; a branch is set to it."""
        self.clock += 60
        listed = b""
        for name, content in (files or {}).items():
            blob = g.text("hash-object", "-w", "--stdin", repo=self.folder, stdin=content.encode())
            listed += f"100644 blob {blob}\t{name}\0".encode()
        tree = g.text("mktree", "-z", repo=self.folder, stdin=listed)
        above = [word for parent in parents for word in ("-p", parent)]
        new = g.text(
            *("commit-tree", tree, *above, "-F", "-"),
            repo=self.folder,
            env=g.identity(*WHO, f"{self.clock} +0000"),
            stdin=message.encode("utf-8", "surrogateescape"),
        )
        if branch:
            self.point(branch, new)
        return new

    def point(self, branch: str, commit: str) -> None:
        """Set a branch; no commit takes it away."""
        ref = f"refs/heads/{branch}"
        g.git("update-ref", *([ref, commit] if commit else ["-d", ref]), repo=self.folder)

    def at(self, branch: str) -> str:
        """Return where a branch stands; "" when it is not there."""
        return g.text(
            *("rev-parse", "--quiet", "--verify", f"refs/heads/{branch}"),
            repo=self.folder,
            ok=(0, 1),
        )

    def file(self, commit: str, path: str) -> str:
        """Return a file at a commit."""
        return g.git("cat-file", "blob", f"{commit}:{path}", repo=self.folder).decode()
