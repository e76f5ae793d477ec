"""A place in a Dockerfile, and the errors that name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.kernel.errors import SlipwayError

OTHER_BUILDER = (
    "do that work before: in the command of artifacts.binary, or in what the base image brings"
)


@dataclass(frozen=True)
class Place:
    """A line of a Dockerfile; the first one of an instruction that goes over several."""

    file: str
    line: int

    def error(self, what: str, *, fix: str = "", detail: Sequence[str] = ()) -> SlipwayError:
        """Return an error that happened here."""
        return SlipwayError(what, where=str(self), fix=fix, detail=detail)

    def unsupported(self, what: str) -> SlipwayError:
        """Return the error for something that only a builder with a container engine can do."""
        return self.error(f"the built-in builder {what}", fix=OTHER_BUILDER)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
