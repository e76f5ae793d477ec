"""Repayment schedules: equal instalments, interest on what is still owed, exact to the cent."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from .money import cents
from .periods import Period


@dataclass(frozen=True)
class Instalment:
    """One payment: its interest, its share of the principal, and what is owed after it."""

    number: int
    due: date
    payment: Decimal
    interest: Decimal
    principal: Decimal
    balance: Decimal


def schedule(
    principal: Decimal, yearly_rate: Decimal, instalments: int, period: Period, start: date
) -> list[Instalment]:
    """Return the instalments that repay a loan.

    Args:
        principal: the amount lent, more than zero.
        yearly_rate: interest in per cent a year, zero or more.
        instalments: how many payments, one or more.
        period: the time between two payments.
        start: the day the loan was paid out; the first payment is due one period later.
    """
    if principal <= 0 or yearly_rate < 0 or instalments < 1:
        raise ValueError("a loan has a principal, a rate of zero or more and an instalment")
    balance = cents(principal)
    rate = yearly_rate / 100 / period.per_year
    payment = _annuity(balance, rate, instalments)
    plan = []
    for number in range(1, instalments + 1):
        interest = cents(balance * rate)
        # The last payment takes what rounding has left over.
        share = balance if number == instalments else min(payment - interest, balance)
        balance -= share
        day = period.due(start, number)
        plan.append(Instalment(number, day, share + interest, interest, share, balance))
    return plan


def _annuity(principal: Decimal, rate: Decimal, instalments: int) -> Decimal:
    if rate == 0:
        return cents(principal / instalments)
    with localcontext() as context:
        context.prec = 40
        return cents(principal * rate / (1 - (1 + rate) ** -instalments))
