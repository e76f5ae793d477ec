"""Addresses of the web, taken apart; what cannot be is a mistake in the configuration."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from tasks.kernel.errors import WrongUsage
from tasks.kernel.redact import redact


def parts(url: str, where: str) -> SplitResult:
    """Return the parts of an address.

    Raises:
        WrongUsage: it is none.
    """
    try:
        found = urlsplit(url)
        _ = found.port  # which is looked at only now
    except ValueError as error:
        raise WrongUsage(f"{redact(url)!r} is no address: {error}", where=where) from None
    return found
