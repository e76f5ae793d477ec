"""What a client may ask, read from a query string or a command line."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from .periods import MONTHLY, PERIODS
from .schedule import Instalment, schedule

MAX_INSTALMENTS = 1200
MAX_AMOUNT = Decimal("1e12")


class BadQuery(ValueError):
    """The question is wrong, and its text says how; the client gets status 400."""


def plan_of(query: Mapping[str, str], today: date) -> list[Instalment]:
    """Return the schedule that `query` (principal, rate, instalments, period, start) asks for."""
    principal = _amount(query, "principal")
    rate = _amount(query, "rate")
    count = query.get("instalments", "12")
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:9]) <= MAX_INSTALMENTS):
        raise BadQuery(f"instalments: {count!r} is not a number from 1 to {MAX_INSTALMENTS}")
    period = PERIODS.get(query.get("period", MONTHLY.name))
    if period is None:
        raise BadQuery(f"period: {query['period']!r} is not one of {', '.join(PERIODS)}")
    try:
        start = date.fromisoformat(query["start"]) if "start" in query else today
        return schedule(principal, rate, int(count), period, start)
    except (ValueError, OverflowError) as error:
        raise BadQuery(str(error)) from None


def _amount(query: Mapping[str, str], name: str) -> Decimal:
    text = query.get(name, "")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadQuery(f"{name}: {text!r} is not a number") from None
    # "NaN" and "Infinity" are decimals too, and no schedule ends with them.
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT:
        raise BadQuery(f"{name}: {text!r} is not a number from 0 to {MAX_AMOUNT:f}")
    return amount
