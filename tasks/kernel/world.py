"""Where an action reads facts and writes them: the disk in a run, a copy in memory in a plan.

`plan` runs the very same decisions as a run does, in a world whose writes go nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import facts, paths
from .errors import SlipwayError

if TYPE_CHECKING:
    from .config import Config

Sightings = dict[str, str]

# Stands in a plan for what only the real run can know: a digest to be built, a number to be given.
UNKNOWN = "?"


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


class World:
    """Facts on disk, sightings, and the configuration: all that a decision may look at.

    Args:
        config: the pipeline as configured.
        root: the project's folder, which facts are named relative to; this one by default.
    """

    dry = False

    def __init__(self, config: Config, root: Path | None = None) -> None:
        self.config = config
        self.root = root or paths.ROOT

    def path(self, name: str) -> Path:
        """Return where a fact, a layout or a scratch folder is on disk."""
        return self.root / name

    def read(self, name: str) -> bytes | None:
        """Return a fact's bytes; None when it is not there."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """Say whether a fact or a folder is there."""
        return self.path(name).exists()

    def write(self, name: str, content: bytes) -> bool:
        """Write a fact; return True when it changed."""
        return facts.write_bytes(self.path(name), content)

    def mirror(self, remote: str) -> Path:
        """Return our bare copy of a remote's objects (see `kernel.mirrors`)."""
        return self.path(paths.mirror(remote))

    def work(self, task: str) -> Path:
        """Return where a task's scratch folder is."""
        return self.path(paths.work(task))

    def json(self, name: str) -> Any:
        """Return a fact's value.

        Raises:
            SlipwayError: it is not there, or is not JSON.
        """
        content = self.read(name)
        if content is None:
            raise SlipwayError(f"{name} is missing", fix="doit release makes it again")
        try:
            return json.loads(content)
        except ValueError as error:
            fix = f"rm {name}, then run the same again"
            raise SlipwayError(f"{name} is not JSON any more: {error}", fix=fix) from None

    def json_or(self, name: str, default: Any) -> Any:
        """Return a fact's value, or `default` when it is not there or cannot be read any more."""
        try:
            return self.json(name)
        except SlipwayError:
            return default

    def write_json(self, name: str, value: Any) -> bool:
        """Write a value as canonical JSON; return True when it changed."""
        return self.write(name, facts.canonical(value))

    def sightings(self, port: str) -> Sightings:
        """Return what the port's observer saw last: name → value."""
        seen: Sightings = self.json_or(paths.sighting(port), {})
        return seen

    def see(self, port: str, seen: Mapping[str, str]) -> bool:
        """Write down all that an observer saw; return True when it changed."""
        return self.write_json(paths.sighting(port), dict(seen))

    def receipts(self) -> dict[str, Any]:
        """Return every receipt that can be read: path → value."""
        names = (paths.BUILD + "/receipts/" + path.name for path in self._receipt_files())
        found = {}
        for name in sorted(names):
            try:
                found[name] = self.json(name)
            except SlipwayError:
                continue  # spoilt by somebody: its own effect notices and writes it again
        return found

    def _receipt_files(self) -> list[Path]:
        folder = self.path(f"{paths.BUILD}/receipts")
        return [path for path in folder.glob("*.json") if not path.name.startswith(".")]


class Forecast(World):
    """A world over another one that keeps its writes in memory.

    Args:
        below: the world to read what was not written here.
        scratch: a folder of its own, for copies of what must not be touched.
    """

    dry = True

    def __init__(self, below: World, scratch: Path) -> None:
        super().__init__(below.config, below.root)
        self.below = below
        self.scratch = scratch
        self.written: dict[str, bytes] = {}
        self.unsure: set[str] = set()
        self.mirrors: Path | None = None

    def move_to(self, config: Config) -> None:
        """Go on with a configuration that names a copy of the sandbox, its mirrors kept apart."""
        self.config = config
        self.mirrors = self.scratch / "mirrors"

    def read(self, name: str) -> bytes | None:
        """Return what was written here, else what stands below."""
        return self.written[name] if name in self.written else self.below.read(name)

    def exists(self, name: str) -> bool:
        """Say whether it was written here or stands below."""
        return name in self.written or self.below.exists(name)

    def write(self, name: str, content: bytes) -> bool:
        """Keep a fact in memory; return True when it differs from what stood."""
        changed = self.read(name) != content
        self.written[name] = content
        self.unsure.discard(name)
        return changed

    def write_json(self, name: str, value: Any) -> bool:
        """Keep a value in memory; one with `UNKNOWN` in it counts as changed in any case."""
        changed = super().write_json(name, value)
        if _has_unknown(value):
            self.unsure.add(name)
            return True
        return changed

    def mirror(self, remote: str) -> Path:
        """Return the mirror of a remote, in a folder of the plan's own when it has one."""
        return self.mirrors / f"{remote}.git" if self.mirrors else super().mirror(remote)

    def work(self, task: str) -> Path:
        """Return a scratch folder that a run at the same time does not share."""
        return self.scratch / paths.work(task)

    def receipts(self) -> dict[str, Any]:
        """Return the receipts below, and those foreseen here."""
        prefix = f"{paths.BUILD}/receipts/"
        mine = {name: self.json(name) for name in self.written if name.startswith(prefix)}
        return self.below.receipts() | mine


_config: Config | None = None


def use(config: Config) -> None:
    """Remember the configuration that the graph was made from, for its actions."""
    global _config  # noqa: PLW0603 - one graph a process
    _config = config


def disk() -> World:
    """Return the world on disk.

    Raises:
        SlipwayError: no configuration was loaded, so there is no graph.
    """
    if _config is None:
        raise SlipwayError("no pipeline is loaded")
    return World(_config)
