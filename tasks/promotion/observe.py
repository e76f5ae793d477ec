"""The `deployments` observer: asks the deployments remote once, and fixes its head for the run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..kernel import paths, remotes
from ..kernel.facts import canonical
from ..kernel.world import World
from . import head
from .wanted import key_of, refuse_disagreement, repository_of, settings_at

if TYPE_CHECKING:
    pass

NO_VALUES = b"{}\n"
_OWN = "own values:"  # not claims: an idle run sees by them that its facts are still right
_READ_WITH = "read with"


def roots_of(world: World) -> dict[str, str]:
    """Return every environment's folder, that of the testflight too: name → path."""
    config = world.config
    found = {name: environment.root for name, environment in config.environments.items()}
    return found | ({"testflight": config.testflight.root} if config.testflight else {})


def observe(world: World) -> str:
    """Write the head, every environment's own values at it, and what stands recorded there.

    Raises:
        SlipwayError: the remote cannot be read, is shallow or dirty, lacks the branch.
        WrongUsage: `cepler.yml` is not valid, or disagrees with `pipeline.yml`.
    """
    remotes.refuse_unfit(head.address(world))
    now, refs = head.look(world)
    with_settings = _settings(world)
    before = world.sightings(head.REMOTE)
    if not _seen_before(world, before, refs, with_settings):
        seen = _recorded(world, now.commit)
        world.see(head.REMOTE, {**refs, **seen, _READ_WITH: with_settings})
    head.write_head(world, now)
    return f"{now.branch} is at {now.commit[:7]}"


def _settings(world: World) -> str:
    told = world.config.slice("environments", "testflight", "deployments", "gates", "remotes")
    return hashlib.sha256(canonical(told)).hexdigest()


def _seen_before(
    world: World, before: Mapping[str, str], refs: Mapping[str, str], settings: str
) -> bool:
    """Say whether the remote has nothing new, and our facts of it are as they were written."""
    then = {name: at for name, at in before.items() if name.startswith("refs/")}
    if then != dict(refs) or before.get(_READ_WITH) != settings:
        return False
    for name in roots_of(world):
        content = world.read(paths.environment_values(name))
        if content is None or before.get(_OWN + name) != _blob_id(content):
            return False
    return True


def _blob_id(content: bytes) -> str:
    told = b"blob %d\0" % len(content) + content
    return hashlib.sha1(told, usedforsecurity=False).hexdigest()


def _recorded(world: World, commit: str) -> dict[str, str]:
    """Write the environments' own values, and return the sightings besides the refs."""
    from .engine import records_at

    repository = repository_of(world)
    settings = settings_at(world, repository, commit)
    refuse_disagreement(world, settings)
    tree, seen = repository.tree(commit), {}
    for name, record in records_at(repository, commit, settings).items():
        if name in world.config.environments:
            seen[f"state:{name}"] = key_of(record.current.hashes())
    for name, root in roots_of(world).items():
        if rendered := tree.get(f"{root}/{paths.RENDERED}"):
            seen[f"values:{name}"] = rendered.blob
        own = tree.get(f"{root}/values.yml")
        content = repository.blob(own.blob) if own else NO_VALUES
        world.write(paths.environment_values(name), content)
        seen[_OWN + name] = _blob_id(content)
    from ..vendir import standing

    return seen | standing(world, repository.path, commit)
