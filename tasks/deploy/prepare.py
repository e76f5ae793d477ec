"""Terraform on the exact files of an environment, in a folder of their own, ready to be asked."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion import repository_of, state_in

if TYPE_CHECKING:
    from ..terraform import Plan, Terraform

COUNTS = ("add", "change", "replace", "destroy")
_OWN = ".terraform"  # what Terraform itself leaves in a root begins so


def opened(world: World, promoted: dict[str, Any], aside: str = "") -> Terraform:
    """Return Terraform on the files of a fact `promotion`, which are written anew when they differ.

    Args:
        world: whose facts; the files go below its `build/deploy`.
        promoted: the fact.
        aside: name of a folder of their own for files that are only asked about, so that those of
            a deployment stay ready.

    Raises:
        SlipwayError: the files hold no root, or it does not say where its state is.
        Failed: Terraform could not prepare it.
    """
    from ..terraform import Terraform, environment_for, find_terraform, state_config

    name = promoted["environment"]
    environment = world.config.environments[name]
    place = f"{name}/{aside}" if aside else name
    tree, ready = world.path(paths.deploy_tree(place)).absolute(), paths.deploy_ready(place)
    fresh = not _intact(tree, promoted)
    if fresh:
        world.path(ready).unlink(missing_ok=True)
        _export(world, promoted, tree)
    root = tree / promoted["root"]
    if not any(root.glob("*.tf")):
        raise SlipwayError(
            f"there is no Terraform root {promoted['root']} among the files of {name}",
            where=world.config.deployments.cepler,
            fix=f"correct environments.{name}.root in {world.config.file}, or its globs there",
        )
    terraform = Terraform(
        find_terraform(world, environment.terraform),
        root,
        environment_for(world, environment.namespace),
    )
    backend = state_config(world, root, name)
    told = {"backend": backend, "program": str(terraform.program)}
    if fresh or world.json_or(ready, None) != told or not (root / _OWN).is_dir():
        world.path(ready).unlink(missing_ok=True)
        terraform.init(backend)
        world.write_json(ready, told)
    return terraform


def _export(world: World, promoted: dict[str, Any], tree: Path) -> None:
    """Write exactly the files that are wanted."""
    from ..promotion import engine

    rmtree(tree, ignore_errors=True)
    engine.export(repository_of(world), state_in(promoted), tree, at=promoted["commit"])


def _intact(tree: Path, promoted: dict[str, Any]) -> bool:
    """Say whether a folder has exactly the files that are wanted; nobody may have edited them."""
    wanted = {path: blob for path, blob in state_in(promoted).hashes().items() if blob is not None}
    found: dict[str, Path] = {}
    for folder, names, files in os.walk(tree):
        names[:] = [name for name in names if name != _OWN]
        for name in files:
            file = Path(folder, name)
            path = file.relative_to(tree).as_posix()
            if path in wanted or not name.startswith(_OWN):
                found[path] = file
    return found.keys() == wanted.keys() and all(
        _blob(file) == wanted[path] for path, file in found.items()
    )


def _blob(file: Path) -> str:
    """Return git's id of a file's content, of a link's target."""
    import hashlib

    content = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
    told = b"blob %d\0" % len(content) + content
    return hashlib.sha1(told, usedforsecurity=False).hexdigest()


def in_words(plan: Plan | dict[str, int]) -> str:
    """Return what a plan would do in a line: `1 to replace, 0 to destroy`."""
    counts = plan if isinstance(plan, dict) else plan.summary
    if not any(counts.values()):
        return "nothing to change"
    told = [f"{counts[verb]} to {verb}" for verb in COUNTS if counts[verb] or verb == "destroy"]
    return ", ".join(told)
