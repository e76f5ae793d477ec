"""All the state files of a deployment, from a folder or from a commit."""

from __future__ import annotations

from pathlib import Path

from tasks.kernel.errors import SlipwayError, WrongUsage

from . import statefile
from .config import Config
from .repository import Repository
from .state import Record

SUFFIX = ".state"


def in_folder(folder: Path) -> dict[str, Record]:
    """Return environment → record for every state file of a folder; none when it is missing.

    Raises:
        SlipwayError: one of them cannot be read: what is waited for would not be known.
    """
    found = {}
    try:
        files = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    for file in files:
        if file.suffix == SUFFIX:
            try:
                content = file.read_bytes()
            except OSError as error:
                said = [error.strerror or str(error)]
                raise SlipwayError(
                    "the state file cannot be read", where=str(file), detail=said
                ) from None
            found[file.stem] = statefile.parse(content, str(file))
    return found


def at_commit(repository: Repository, commit: str, config: Config) -> dict[str, Record]:
    """Return environment → record for every state file of a commit's tree."""
    found = {}
    for path, entry in repository.tree(commit).items():
        folder, _, name = path.rpartition("/")
        if folder == config.folder and Path(name).suffix == SUFFIX:
            where = f"{commit[:12]}:{path}"
            found[Path(name).stem] = statefile.parse(repository.blob(entry.blob), where)
    return found


def refuse_unfit(environment: str) -> None:
    """Refuse an environment that a state file cannot be named after.

    Raises:
        WrongUsage: its name has a slash or a null byte in it, or is none.
    """
    if not environment or "/" in environment or "\0" in environment:
        raise WrongUsage(
            f"the environment {environment!r} cannot be recorded: its name names its state file",
            fix="give it a name without a slash",
        )
