"""Take a manifest apart with the place of every mistake: `Deployment/web: spec.replicas`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.kernel.errors import WrongUsage


@dataclass(frozen=True, slots=True)
class Spot:
    """A value in a manifest, and where it stands; None for what is not there."""

    value: Any
    manifest: str
    path: str = ""

    def wrong(self, what: str, fix: str = "") -> WrongUsage:
        """Return the error for this place."""
        place = f"{self.manifest}: {self.path}" if self.path else self.manifest
        return WrongUsage(what, where=place, fix=fix)

    def __getitem__(self, key: str) -> Spot:
        path = f"{self.path}.{key}" if self.path else key
        return Spot(self.mapping().get(key), self.manifest, path)

    def __bool__(self) -> bool:
        return self.value is not None

    def mapping(self) -> Mapping[str, Any]:
        """Return a mapping, empty for nothing."""
        value = {} if self.value is None else self.value
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise self.wrong("this must be a mapping")
        return value

    def items(self) -> Iterator[Spot]:
        """Yield the items of a list, none for nothing."""
        value = [] if self.value is None else self.value
        if not isinstance(value, list):
            raise self.wrong("this must be a list")
        for number, item in enumerate(value):
            yield Spot(item, self.manifest, f"{self.path}[{number}]")

    def text(self, default: str | None = None) -> str:
        """Return a text."""
        value = default if self.value is None else self.value
        if not isinstance(value, str):
            raise self.wrong("this must be a text")
        if "\0" in value:
            raise self.wrong("this holds a zero byte")
        return value

    def number(self, default: int | None = None, least: int = 0) -> int:
        """Return a whole number of at least `least`."""
        value = default if self.value is None else self.value
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(f"this must be a whole number, {least} or more")
        return value

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts, empty for nothing."""
        return tuple(item.text() for item in self.items())

    def labels(self) -> dict[str, str]:
        """Return a mapping of texts."""
        return {key: self[key].text() for key in self.mapping()}

    def flag(self) -> bool:
        """Return a truth value, False for nothing."""
        if self.value not in (None, True, False):
            raise self.wrong("this must be true or false")
        return bool(self.value)
