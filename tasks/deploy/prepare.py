"""Terraform on the exact files of an environment, in a folder of their own, ready to be asked."""

from __future__ import annotations

import os
from collections.abc import Collection
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
    program = find_terraform(world, environment.terraform)
    _refuse_no_root(world, name, root, promoted["root"], program)
    terraform = Terraform(
        program,
        root,
        environment_for(world, environment.namespace),
        secrets=(*world.config.deployments.secrets, *environment.secrets),
    )
    backend = state_config(world, root, name)
    told = {"backend": backend, "program": str(terraform.program)}
    if fresh or world.json_or(ready, None) != told or not (root / _OWN).is_dir():
        world.path(ready).unlink(missing_ok=True)
        terraform.init(backend)
        world.write_json(ready, told)
    return terraform


def _refuse_no_root(world: World, name: str, root: Path, told: str, program: Path) -> None:
    """Refuse a folder that the program finds nothing to do in.

    Raises:
        SlipwayError: it has no files of Terraform, or such that OpenTofu alone reads.
    """
    from ..terraform import TERRAFORM, files_of, only_for_tofu

    if not files_of(root):
        raise SlipwayError(
            f"there is no Terraform root {told} among the files of {name}",
            where=world.config.deployments.cepler,
            fix=f"correct environments.{name}.root in {world.config.file}, or its globs there",
        )
    if program.name == TERRAFORM and only_for_tofu(root):
        raise SlipwayError(
            f"the root {told} has files that OpenTofu alone reads (*.tofu)",
            where=world.config.file,
            fix=f"say environments.{name}.terraform: tofu",
        )


def _refuse_states(world: World, name: str, tree: Path, wanted: Collection[str]) -> None:
    """Refuse to write files anew over a state: whatever left it there, nobody else may have it.

    Terraform itself saves one as `errored.tfstate` in its root when a backend does not take it.

    Raises:
        SlipwayError: naming it, and what to do.
    """
    found = sorted(
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*.tfstate*")
        if path.is_file() and _OWN not in path.relative_to(tree).parts[:-1]
    )
    if left := [path for path in found if path not in wanted]:
        raise SlipwayError(
            f"among the files of {name} lies a state of Terraform that nobody else may have:"
            f" {left[0]}",
            where=os.path.relpath(tree, world.root),
            detail=left[1:],
            fix="bring it to the backend of its root (terraform state push), or move it to a safe"
            " place; then run the same again",
        )


def _export(world: World, promoted: dict[str, Any], tree: Path) -> None:
    """Write exactly the files that are wanted."""
    from ..promotion import engine

    wanted = state_in(promoted).hashes()
    _refuse_states(world, promoted["environment"], tree, wanted)
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
