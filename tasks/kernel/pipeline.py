"""The pipeline as configured, read once a process; a mistake ends all with 3 before any run."""

from __future__ import annotations

from functools import cache

from doit.exceptions import InvalidDodoFile

from . import paths, world
from .config import Config, load, selected_path
from .errors import WrongUsage


@cache
def pipeline() -> Config:
    """Return the configuration of this process.

    Raises:
        InvalidDodoFile: with every mistake in `pipeline.yml`; doit prints it and exits with 3.
    """
    try:
        config = load(selected_path(paths.ROOT))
    except WrongUsage as error:
        raise InvalidDodoFile(str(error)) from None
    world.use(config)
    return config


def embedded(config: Config) -> list[str]:
    """Return the task that has to make a part of the sandbox first; none when all is outside."""
    remotes = (config.remotes.source, config.remotes.charts, config.remotes.deployments)
    return ["sandbox"] if any(remote.embedded for remote in remotes) else []
