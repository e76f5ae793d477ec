"""The pipeline as configured, read once a process; a mistake ends all with 3 before any run."""

from __future__ import annotations

import sys
from functools import cache

from doit.exceptions import InvalidDodoFile

from . import paths, world
from .config import Config, blank, load, selected_path
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
        if not _only_the_doctor():
            raise InvalidDodoFile(str(error)) from None
        config = blank()  # he reads the file himself, and says what is wrong with it
    world.use(config)
    return config


def _only_the_doctor() -> bool:
    """Say whether this command asks for nothing but `doctor`."""
    asked = [word for word in sys.argv[1:] if "=" not in word and not word.startswith("-")]
    return asked == ["doctor"]


def embedded(config: Config) -> list[str]:
    """Return the task that has to make a part of the sandbox first; none when all is outside."""
    remotes = (config.remotes.source, config.remotes.charts, config.remotes.deployments)
    return ["sandbox"] if any(remote.embedded for remote in remotes) else []
