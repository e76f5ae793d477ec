"""Exact amounts: decimals with two places, never floats."""

from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Return `amount` in whole cents; halves go to the even one, so that errors cancel out."""
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)
