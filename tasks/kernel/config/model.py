"""The values that `pipeline.yml` becomes: plain, frozen, in the file's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from .made import App, Binary, Chart, Check, Image, Moving, Promotion, Release
from .outside import (
    TERRAFORM,
    Cluster,
    Deployments,
    Endpoint,
    Environment,
    Forge,
    Gates,
    Registry,
    Remote,
    Remotes,
    Smoketest,
    Testflight,
)
from .value import Value

if TYPE_CHECKING:
    from .docsite import Docs
    from .outward import Automerge, Notice

__all__ = [
    "TERRAFORM",
    "App",
    "Binary",
    "Chart",
    "Check",
    "Cluster",
    "Config",
    "Deployments",
    "Endpoint",
    "Environment",
    "Forge",
    "Gates",
    "Image",
    "Moving",
    "Promotion",
    "Registry",
    "Release",
    "Remote",
    "Remotes",
    "Smoketest",
    "Testflight",
    "Value",
    "nearest_line",
]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Config(Value):
    """Everything `pipeline.yml` says, valid and complete.

    Two of them are equal when they say the same, wherever they were read from.
    """

    project: str
    remotes: Remotes
    inputs: dict[str, tuple[str, ...]]
    checks: dict[str, Check]
    binary: Binary | None
    apps: dict[str, App]
    images: dict[str, Image]
    registry: Registry
    forge: Forge
    promotion: Promotion
    release: Release
    chart: Chart | None
    cluster: Cluster
    deployments: Deployments
    environments: dict[str, Environment]
    testflight: Testflight | None
    smoketest: Smoketest
    gates: Gates
    automerge: Automerge
    notify: tuple[Notice, ...]
    docs: Docs | None = None
    file: str = field(default="pipeline.yml", compare=False)
    lines: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def secrets_from(self) -> str:
        """The namespace that a testflight's secrets are copied from; "" where there is none."""
        told = self.testflight.secrets_from if self.testflight else ""
        first = (one.namespace for one in self.environments.values() if one.passed is None)
        return told or next(first, "")

    @property
    def release_inputs(self) -> tuple[str, ...]:
        """Names of the input sets that what is released is made from, sorted.

        A commit that changes none of them needs no new candidate.
        """
        makers: list[App | Image] = [*self.apps.values(), *self.images.values()]
        names = {name for maker in makers for name in maker.inputs}
        names.update(self.binary.inputs if self.binary else ())
        names.update(self.chart.inputs if self.chart else ())
        return tuple(sorted(names))

    @property
    def candidate_checks(self) -> tuple[str, ...]:
        """Names of the checks that a candidate waits for, in the order of the file."""
        return tuple(name for name, check in self.checks.items() if "candidate" in check.guards)

    def slice(self, *names: str) -> dict[str, Any]:
        """Return parts of the configuration as plain data, for a task to depend on them alone.

        Args:
            names: sections ("release") or their items ("images.lana-bank", "remotes.source").

        Returns:
            Name to JSON-able data; a part that is left out of the file, such as a chart, is None.

        Raises:
            KeyError: there is no such part.
        """
        return {name: _plain(self._part(name)) for name in names}

    def where(self, key: str) -> str:
        """Return the place to name in a message about a key: `pipeline.yml:31: images.web.context`.

        A key that is not written in the file gets the line of what it would stand in.
        """
        return f"{self.file}:{nearest_line(self.lines, key)}: {key}"

    def _part(self, name: str) -> Any:
        section, _, item = name.partition(".")
        if section not in _SECTIONS:
            raise KeyError(name)
        value = getattr(self, section)
        if not item:
            return value
        if isinstance(value, dict) and item in value:
            return value[item]
        if is_dataclass(value) and item in {part.name for part in fields(value)}:
            return getattr(value, item)
        raise KeyError(name)


_SECTIONS = frozenset(part.name for part in fields(Config)) - {"file", "lines"}


def nearest_line(lines: Mapping[str, int], key: str) -> int:
    """Return the line of `key`, or of the innermost written key around it, or 1."""
    while key and key not in lines:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return lines.get(key, 1)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
