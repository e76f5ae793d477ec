import unittest
from datetime import date
from decimal import Decimal

from server.periods import PERIODS, WEEKLY
from server.schedule import schedule


class Weekly(unittest.TestCase):
    def test_payments_are_seven_days_apart(self) -> None:
        start = date(2026, 2, 20)
        self.assertEqual(WEEKLY.due(start, 1), date(2026, 2, 27))
        self.assertEqual(WEEKLY.due(start, 2), date(2026, 3, 6))

    def test_a_year_has_52_payments(self) -> None:
        plan = schedule(Decimal("5200"), Decimal("0"), 52, PERIODS["weekly"], date(2026, 1, 1))
        self.assertEqual({line.payment for line in plan}, {Decimal("100.00")})
