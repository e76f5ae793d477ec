"""What an image says about running it: the `config` part of its configuration."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Settings:
    """The settings while instructions change them; `raw` is the JSON they become.

    Attributes:
        raw: as the OCI image configuration has them.
        own_command: whether this Dockerfile has a CMD, which an ENTRYPOINT then leaves alone.
    """

    raw: dict[str, Any] = field(default_factory=dict)
    own_command: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Begin with those of a base image's configuration."""
        return cls(copy.deepcopy(dict(config.get("config") or {})))

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables, in their order."""
        pairs = (line.partition("=") for line in self.raw.get("Env") or [])
        return {name: value for name, _, value in pairs}

    @property
    def workdir(self) -> str:
        """The working directory, `/` when none is set."""
        return self.raw.get("WorkingDir") or "/"

    @property
    def labels(self) -> dict[str, str]:
        """The labels."""
        return dict(self.raw.get("Labels") or {})

    def set_environment(self, pairs: Mapping[str, str]) -> None:
        """Add or replace environment variables."""
        merged = {**self.environment, **pairs}
        self.raw["Env"] = [f"{name}={value}" for name, value in merged.items()]

    def set_labels(self, pairs: Mapping[str, str]) -> None:
        """Add or replace labels."""
        if pairs:
            self.raw["Labels"] = {**self.labels, **pairs}

    def add(self, key: str, names: list[str]) -> None:
        """Add to a set, which the specification writes as an object: ports, volumes."""
        self.raw[key] = {**(self.raw.get(key) or {}), **{name: {} for name in names}}

    def set_command(self, command: list[str]) -> None:
        """Set CMD."""
        self.raw["Cmd"] = command
        self.own_command = True

    def set_entrypoint(self, command: list[str]) -> None:
        """Set ENTRYPOINT; the base image's CMD was meant for another one and goes, as in Docker."""
        self.raw["Entrypoint"] = command
        if not self.own_command:
            self.raw.pop("Cmd", None)
