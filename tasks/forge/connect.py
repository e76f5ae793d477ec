"""Chooses the side of the port that `pipeline.yml` names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..kernel import remotes
from ..kernel.world import World
from .port import Forge

if TYPE_CHECKING:
    from .github import GithubForge

# A forge on the network is kept as long as the process lives, for its connection and the token of
# its app; with the process's id, since a fork must have its own.
_connected: dict[object, GithubForge] = {}


def connect(world: World, remote: str = "source") -> Forge:
    """Return the forge that a remote lives on.

    Args:
        world: whose pipeline.
        remote: its name in `pipeline.yml`.

    Raises:
        WrongUsage: the remote is none of the forge's repositories.
        SlipwayError: there is no token for it.
    """
    told = world.config.forge
    if told.kind == "github":
        return _github(world, remote)
    from .local import LocalForge

    folder = world.root / told.path
    where = remotes.address(world, getattr(world.config.remotes, remote))
    return LocalForge(folder if remote == "source" else folder / remote, where)


def _github(world: World, remote: str) -> GithubForge:
    from .github import GithubForge, find_login, repository_of

    told = world.config.forge
    where = getattr(world.config.remotes, remote).url
    repository = told.repository if remote == "source" else repository_of(where, told.api)
    login = find_login(told.api)
    key = (os.getpid(), told.api, repository, login)
    if key not in _connected:
        _connected[key] = GithubForge(told.api, repository, login)
    return _connected[key]
