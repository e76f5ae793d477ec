"""Errors that a person can act on: what happened, where, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence


class SlipwayError(Exception):
    """Something is wrong and the run cannot go on from here (exit code 2).

    Args:
        what: one line that says what happened, without a full stop at its end.
        where: file, line, key or remote it happened at; empty when `what` already says it.
        fix: what to do or to type next; empty only when there is nothing to do.
        detail: further lines of evidence (a tool's own words, both sides of a conflict).
    """

    def __init__(
        self, what: str, *, where: str = "", fix: str = "", detail: Sequence[str] = ()
    ) -> None:
        super().__init__(what, where, fix, tuple(detail))
        self.what = what
        self.where = where
        self.fix = fix
        self.detail = tuple(detail)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword fields when a worker process hands the error to its parent."""
        return (_again, (type(self), self.what, self.where, self.fix, self.detail))

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where else self.what
        lines = [first, *(f"    {line}" for line in self.detail)]
        if self.fix:
            lines.append(f"  {self.fix}")
        return "\n".join(lines)


class Failed(SlipwayError):
    """A check, a build or a tool gave its verdict, and it is no (exit code 1)."""


class WrongUsage(SlipwayError):
    """The command line or the configuration is wrong; nothing was run (exit code 3)."""


def _again(
    kind: type[SlipwayError], what: str, where: str, fix: str, detail: tuple[str, ...]
) -> SlipwayError:
    return kind(what, where=where, fix=fix, detail=detail)
