"""Repositories on this machine that stand in for a url, and the url when one of them cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tasks.kernel import journal
from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import redact

if TYPE_CHECKING:
    from .gitsource import Place

T = TypeVar("T")


def passed_over(url: str, why: str) -> None:
    """Say that a url is asked although it has a mirror."""
    warning = redact(f"warning: {why}: asking {url} instead")
    journal.say(warning)
    print(warning, file=sys.stderr)


def or_url(url: str, at: Place, ask: Callable[[Place], T]) -> T:
    """Ask a url's mirror; the url itself when there is none, or when that is stale or damaged.

    Args:
        url: of the source.
        at: what may be used for it.
        ask: gets the answer with what it is given; once more, with another scratch folder.

    Raises:
        SlipwayError: the url itself has no answer.
    """
    mirror = at.mirrors.get(url)
    if mirror is None:
        return ask(at)
    try:
        return ask(at)
    except SlipwayError as error:
        passed_over(url, f"the mirror {mirror} cannot be used ({error.what})")
    scratch: Path = at.scratch / "from-url"
    scratch.mkdir(mode=0o700)
    return ask(at._replace(scratch=scratch, mirrors={}))
