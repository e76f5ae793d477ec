"""Declares `sandbox` and `sandbox:reset`: seeds → the embedded remotes, in step with them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel import declare, paths
from ..kernel.config import Config, Remote
from ..kernel.effects import Foreseen
from ..kernel.errors import WrongUsage
from ..kernel.pipeline import embedded, pipeline
from ..kernel.receipts import UpToDate
from ..kernel.world import Forecast, World
from . import provided
from .seeds import KINDS, seed_files, seed_folder

if TYPE_CHECKING:
    from .steps import Synced


def _remotes(config: Config) -> dict[str, Remote]:
    """Return the embedded remotes: kind → remote."""
    found = {kind: getattr(config.remotes, kind) for kind in KINDS}
    return {kind: remote for kind, remote in found.items() if remote.embedded}


def _keep_in_step(world: World) -> dict[str, Synced]:
    from .steps import sync

    return {
        kind: sync(kind, world.root / seed_folder(kind), world.root / remote.url)
        for kind, remote in _remotes(world.config).items()
    }


def _says(done: dict[str, Synced], made: list[str], where: str) -> str:
    told = [
        f"{kind} made" if synced.created else f"{kind}: {', '.join(synced.changed[:3])}"
        for kind, synced in done.items()
        if synced.commit
    ]
    told += [f"{', '.join(made)} made in {where}"] if made else []
    return "; ".join(told) or "in step with its seeds"


def keep_in_step(world: World) -> str:
    """Make the embedded remotes, or take over what changed in their seeds."""
    done = _keep_in_step(world)
    made = provided.provide(world)
    world.write_json(paths.SANDBOX_FACT, {"remotes": sorted(done)})
    return _says(done, made, provided.place(world))


def foresee(world: Forecast) -> Foreseen:
    """Do the same in a copy, and let the rest of the plan look at that copy."""
    from .steps import sync

    copy = world.scratch / "sandbox"
    here = world.root / paths.SANDBOX
    if here.exists():
        shutil.copytree(here, copy, symlinks=True)
    config = world.config
    world.move_to(_moved(config, str(copy)))
    done = {
        kind: sync(
            kind,
            world.root / seed_folder(kind),
            copy / remote.url.removeprefix(f"{paths.SANDBOX}/"),
            shown=remote.url,
        )
        for kind, remote in _remotes(config).items()
    }
    world.write_json(paths.SANDBOX_FACT, {"remotes": sorted(done)})
    made = provided.missing(world) if provided.place(world) else []
    return Foreseen(
        _says(done, made, provided.place(world)),
        "sandbox",
        "keep the sandbox in step with its seeds",
    )


def _moved(config: Config, copy: str) -> Config:
    """Return the configuration with everything below `.sandbox/` in the copy."""

    def moved(path: str) -> str:
        inside = path.removeprefix(f"{paths.SANDBOX}/")
        return f"{copy}/{inside}" if inside != path else path

    kinds: dict[str, Any] = {
        kind: replace(remote, url=moved(remote.url)) for kind, remote in _remotes(config).items()
    }
    return replace(
        config,
        remotes=replace(config.remotes, **kinds),
        registry=replace(config.registry, path=moved(config.registry.path)),
        forge=replace(config.forge, path=moved(config.forge.path)),
    )


class Standing(UpToDate):
    """`uptodate` of the sandbox: its repositories and secrets are there, however `build/` looks."""

    def reasons(self, world: World, values: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """Return which repository is missing, or where secrets are."""
        return [
            f"{remote.url} is missing"
            for remote in _remotes(world.config).values()
            if not (world.root / remote.url / "HEAD").exists()
        ] + self._without_secrets(world)

    def _without_secrets(self, world: World) -> list[str]:
        namespace = provided.place(world)
        folder = world.root / world.config.cluster.path / namespace  # a look costs an idle run none
        return [f"{namespace} has no secrets"] if namespace and not folder.is_dir() else []


def start_over(world: World, yes: bool = False) -> str:
    """Remove the embedded world and every fact about it.

    Raises:
        WrongUsage: nobody has said that it may go.
    """
    if not yes:
        raise WrongUsage(
            f"this removes {paths.SANDBOX}/ and {paths.BUILD}/ and every release in them",
            fix="doit sandbox:reset --yes",
        )
    from ..cluster import open_cluster
    from .steps import reset

    told = world.config.cluster
    if told.kind == "local" and told.path.startswith(f"{paths.SANDBOX}/"):
        # What runs goes first: without the folder nobody would find it again.
        open_cluster(world).sweep("")
    reset(world.root)
    for path in world.path(paths.BUILD).glob("*"):
        if path.name != "logs":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return "gone; the next command makes it anew"


def task_sandbox() -> Iterator[declare.Task]:
    """`sandbox`: an edit of a seed becomes a commit in its remote."""
    config = pipeline()
    if embedded(config):
        kinds = list(_remotes(config))
        yield {
            **declare.stage(
                "sandbox",
                keep_in_step,
                doc="keep the embedded remotes in step with sandbox/ and envs/",
                room="sandbox",
                reads=seed_files(paths.ROOT, kinds),
                writes=[paths.SANDBOX_FACT],
                settings=config.slice("remotes", "cluster", "testflight", "environments"),
                wakes=[Standing()],
                forecast=foresee,
            ),
        }
    yield declare.command(
        "sandbox:reset",
        start_over,
        doc="remove the sandbox and start over (--yes)",
        params=[
            {"name": "yes", "long": "yes", "type": bool, "default": False, "help": "it may go"}
        ],
        acts=True,
    )
