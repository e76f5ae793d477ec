"""What `.dockerignore` keeps out of the context.

The last pattern that fits a path, or a folder above it, decides; `!` takes things back in.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.kernel.errors import SlipwayError

from .patterns import BadPattern, compiled


@dataclass(frozen=True)
class Ignore:
    """The rules of one context, in their order: (expression, whether it takes back in)."""

    rules: Sequence[tuple[re.Pattern[str], bool]] = ()

    @property
    def takes_back(self) -> bool:
        """Whether something inside an ignored folder may be wanted after all."""
        return any(back for _, back in self.rules)

    def hides(self, path: str) -> bool:
        """Return whether a path (relative to the context, with slashes) is kept out."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        hidden = False
        for expression, back in self.rules:
            if hidden == back and any(expression.fullmatch(part) for part in above):
                hidden = not back
        return hidden


def load(context: Path, dockerfile: str) -> Ignore:
    """Read the rules: `<Dockerfile>.dockerignore` when there is one, else `.dockerignore`.

    Raises:
        SlipwayError: a pattern is not one.
    """
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        try:
            text = (context / name).read_text("utf-8-sig")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SlipwayError(f"{name} cannot be read: {error}", where=str(context)) from None
        return parse(text, name)
    return Ignore()


def parse(text: str, file: str) -> Ignore:
    """Read the rules from a text; see `load`."""
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        back = pattern.startswith("!")
        pattern = posixpath.normpath("/" + pattern.removeprefix("!").strip()).lstrip("/")
        if not pattern:
            continue
        try:
            rules.append((compiled(pattern, deep=True), back))
        except BadPattern as error:
            raise SlipwayError(
                f"{pattern} is not a pattern: {error}", where=f"{file}:{number}", fix="correct it"
            ) from None
    return Ignore(tuple(rules))
