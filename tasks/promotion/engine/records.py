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
    key = ("records", commit, config.folder)
    if key not in repository.kept:
        repository.kept[key] = _read(repository, commit, config)
    return dict(repository.kept[key])


def _read(repository: Repository, commit: str, config: Config) -> dict[str, Record]:
    tree, paths = repository.tree(commit), []
    for path in repository.below(commit, f"{config.folder}/"):
        folder, _, name = path.rpartition("/")
        if folder == config.folder and Path(name).suffix == SUFFIX:
            paths.append(path)
    repository.bring(tree[path].blob for path in paths)
    return {
        Path(path).stem: of_blob(repository, tree[path].blob, f"{commit[:12]}:{path}")
        for path in paths
    }


def of_blob(repository: Repository, blob: str, where: str) -> Record:
    """Return the record in a blob; one is read once, however many environments look at it."""
    key = ("record", blob)
    if key not in repository.kept:
        repository.kept[key] = statefile.parse(repository.blob(blob), where)
    record: Record = repository.kept[key]
    return record


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
