"""`cepler.yml`: which files make up each environment, and whom it follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from tasks.kernel.errors import WrongUsage

from . import documents as d
from .globs import BadGlob, Matches, any_of

DEFAULT_DEPLOYMENT = "default"
DEFAULT_PATH = "cepler.yml"
STATE_FOLDER = ".cepler"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment as the file declares it.

    Attributes:
        name: its key.
        passed: the environment whose recorded files it may take over; None for the first one.
        propagated: globs over the upstream's recorded files.
        latest: globs over the files of the commit.
        ignore_queue: whether it jumps to the newest upstream state.
    """

    name: str
    passed: str | None = None
    propagated: tuple[str, ...] = ()
    latest: tuple[str, ...] = ()
    ignore_queue: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration and where it stands.

    Attributes:
        path: repository-relative path of the file; it places the state folder.
        deployment: names the state folder.
        environments: name → environment, in the order of the file.
    """

    path: str
    deployment: str
    environments: Mapping[str, Environment]

    @property
    def folder(self) -> str:
        """The state folder, repository-relative."""
        return _folder(self.path, self.deployment)

    def state_path(self, environment: str) -> str:
        """Return the state file of an environment, repository-relative."""
        return f"{self.folder}/{environment}.state"

    def environment(self, name: str, shown_as: str | None = None) -> Environment:
        """Return an environment.

        Raises:
            WrongUsage: there is none of that name.
        """
        found = self.environments.get(name)
        if found is None:
            raise WrongUsage(
                f"Environment '{name}' not found in config '{shown_as or self.path}'",
                fix=f"it has: {', '.join(self.environments) or 'none'}",
            )
        return found

    def is_own_file(self, path: str) -> bool:
        """Say whether a path is the configuration or a state file: never part of an environment."""
        folder, _, name = path.rpartition("/")
        return path == self.path or (folder == self.folder and not name.startswith("."))

    def latest(self, environment: Environment) -> Matches:
        """Return the test whether an environment takes a path of the commit directly.

        Raises:
            BadGlob: one of its patterns is not valid.
        """
        wanted = self._any_of(environment.latest, environment, "latest")
        return lambda path: wanted(path) and not self.is_own_file(path)

    def propagated(self, environment: Environment) -> Matches:
        """Return the test whether an environment takes a path over from the one before it.

        Raises:
            BadGlob: one of its patterns is not valid.
        """
        return self._any_of(environment.propagated, environment, "propagated")

    def _any_of(self, patterns: tuple[str, ...], environment: Environment, key: str) -> Matches:
        try:
            return any_of(patterns)
        except BadGlob as error:
            where = f"{self.path}: environments.{environment.name}.{key}"
            raise BadGlob(error.pattern, error.reason, where) from None


@cache  # asked for at every commit of a walk
def _folder(path: str, deployment: str) -> str:
    return (PurePosixPath(path).parent / STATE_FOLDER / deployment).as_posix()


def parse(content: bytes, path: str = DEFAULT_PATH) -> Config:
    """Read a configuration.

    Args:
        content: the file.
        path: where it stands in the repository.

    Raises:
        WrongUsage: it is not valid; the globs are looked at only when they are used.
    """
    try:
        return _parse(content, path)
    except d.NotReadable as error:
        raise WrongUsage(error.what, where=error.where, detail=error.detail) from None


def _parse(content: bytes, path: str) -> Config:
    top = d.mapping(d.read(content, path), path)
    if "environments" not in top:
        raise d.NotReadable("the key 'environments' is missing", where=path)
    deployment = d.string(top.get("deployment", d.Scalar(DEFAULT_DEPLOYMENT, True)), path)
    if deployment.startswith("/") or ".." in deployment.split("/"):
        raise d.NotReadable(f"deployment: {deployment!r} leaves the state folder", where=path)
    environments = {
        name: _environment(name, body, f"{path}: environments.{name}")
        for name, body in d.mapping(top["environments"], f"{path}: environments").items()
    }
    for one in environments.values():
        if one.passed is not None and one.passed not in environments:
            raise d.NotReadable(f"Previous environment '{one.passed}' not defined", where=path)
    return Config(path, deployment, environments)


def _environment(name: str, body: d.Node, where: str) -> Environment:
    fields = d.mapping(body, where)
    return Environment(
        name=name,
        passed=d.optional(fields.get("passed"), f"{where}.passed"),
        propagated=_globs(fields.get("propagated"), f"{where}.propagated"),
        latest=_globs(fields.get("latest"), f"{where}.latest"),
        ignore_queue=d.boolean(fields.get("ignore_queue"), f"{where}.ignore_queue"),
    )


def _globs(node: d.Node | None, where: str) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(d.string(item, where) for item in d.sequence(node, where))
