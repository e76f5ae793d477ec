"""The pipeline as configured, read once a process; a mistake ends all with 3 before any run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
        if not _needs_no_pipeline(sys.argv[1:]):
            raise InvalidDodoFile(str(error)) from None
        config = blank()  # the doctor says what is wrong with it, init writes a new one
    world.use(config)
    return config


def _needs_no_pipeline(words: Sequence[str]) -> bool:
    """Say whether a command line asks for nothing but `doctor` or `init`."""
    asked: list[str] = []
    value = False  # of the option in front of it
    for word in words:
        if value or ("=" in word and not word.startswith("-")):
            value = False
        elif word.startswith("-"):
            value = "=" not in word and asked == ["init"] and word != "--force"
        else:
            asked.append(word)
    return asked in (["doctor"], ["init"])


def embedded(config: Config) -> list[str]:
    """Return the task that has to make a part of the sandbox first; none when all is outside."""
    remotes = (config.remotes.source, config.remotes.charts, config.remotes.deployments)
    return ["sandbox"] if any(remote.embedded for remote in remotes) else []
