import unittest
from datetime import date
from decimal import Decimal

from server.periods import MONTHLY, QUARTERLY
from server.schedule import schedule

START = date(2026, 1, 31)


class Schedule(unittest.TestCase):
    def test_a_loan_is_repaid_to_the_cent(self) -> None:
        plan = schedule(Decimal("10000"), Decimal("5"), 12, MONTHLY, START)
        self.assertEqual(plan[0].payment, Decimal("856.07"))
        self.assertEqual(plan[0].interest, Decimal("41.67"))
        self.assertEqual(sum(line.principal for line in plan), Decimal("10000.00"))
        self.assertEqual(plan[-1].balance, 0)

    def test_what_is_owed_shrinks_with_every_payment(self) -> None:
        plan = schedule(Decimal("65000"), Decimal("5.5"), 20, QUARTERLY, START)
        balances = [line.balance for line in plan]
        self.assertEqual(balances, sorted(balances, reverse=True))

    def test_without_interest_the_principal_is_split_evenly(self) -> None:
        plan = schedule(Decimal("100"), Decimal("0"), 3, MONTHLY, START)
        self.assertEqual([str(line.payment) for line in plan], ["33.33", "33.33", "33.34"])

    def test_the_last_day_of_a_month_stays_the_last_day(self) -> None:
        plan = schedule(Decimal("300"), Decimal("0"), 3, MONTHLY, START)
        days = [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
        self.assertEqual([line.due for line in plan], days)

    def test_nonsense_is_refused(self) -> None:
        for principal, rate, count in (("0", "5", 12), ("1", "-1", 12), ("1", "5", 0)):
            with self.subTest(principal=principal, rate=rate, count=count), \
                    self.assertRaises(ValueError):
                schedule(Decimal(principal), Decimal(rate), count, MONTHLY, START)
