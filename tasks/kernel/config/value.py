"""What all values that `pipeline.yml` becomes have in common: how they compare, and their text."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any


class Value:
    """Equality and text of all values here.

    Generated ones would be compiled for every class on every command, which costs more than
    reading the file does.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # they hold mappings

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._compared() == other._compared()

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{part.name}={getattr(self, part.name)!r}" for part in _fields(self) if part.repr
        )
        return f"{type(self).__name__}({parts})"

    def _compared(self) -> list[Any]:
        return [getattr(self, part.name) for part in _fields(self) if part.compare]


def _fields(value: Any) -> tuple[Field[Any], ...]:
    return fields(value)
