"""When to ask a server again: connection failures, 429 and 5xx, with growing pauses and a limit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from .errors import SlipwayError

T = TypeVar("T")

_FIRST_PAUSE = 0.5  # seconds; every further pause is twice as long
_LONGEST_PAUSE = 8.0


class Transient(Exception):
    """A failure that may be gone at the next attempt.

    Args:
        reason: what happened, in a few words without secrets.
        retry_after: seconds the server asked to wait, None when it did not say.
        fix: what a person can do about it, when it is not the usual.
    """

    def __init__(self, reason: str, retry_after: float | None = None, fix: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.fix = fix


def say(line: str) -> None:
    """Tell the person in front of the screen why nothing happens for a while."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Patience:
    """How long to go on asking.

    Attributes:
        attempts: how often to ask in all.
        longest: seconds of `Retry-After` to obey; a server that asks for more gets its way at the
            next run.
        sleep: waits that many seconds.
        tell: shows a line to the user.
    """

    attempts: int = 5
    longest: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = say

    def persist(self, where: str, operation: Callable[[], T]) -> T:
        """Do `operation`, and again while it fails with `Transient`.

        Args:
            where: the server, for the messages.
            operation: has to be safe to repeat from its beginning.

        Raises:
            SlipwayError: the attempts are used up, or the server asks to wait too long.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return operation()
            except Transient as failure:
                wait = pause(attempt, failure.retry_after)
                if attempt == self.attempts or wait > self.longest:
                    raise _given_up(where, failure, attempt, wait) from None
                self.tell(f"{where}: {failure.reason}; trying again in {wait:g} s")
                self.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")


def pause(attempt: int, retry_after: float | None) -> float:
    """Return the seconds to wait after attempt number `attempt` (from 1) failed."""
    if retry_after is not None:
        return max(0.0, retry_after)
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (attempt - 1))


def seconds(retry_after: str | None, now: datetime | None = None) -> float | None:
    """Read a `Retry-After` header: seconds or a date (RFC 9110, section 10.2.3)."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (moment - (now or datetime.now(UTC))).total_seconds()


def _given_up(where: str, failure: Transient, attempts: int, wait: float) -> SlipwayError:
    asks = f", and it asks to wait {wait:.0f} s" if failure.retry_after is not None else ""
    times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    return SlipwayError(
        f"{failure.reason} ({times}{asks})",
        where=where,
        fix=failure.fix
        or "check the address, the network and that the server is up, then run the same again",
    )
