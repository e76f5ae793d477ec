import unittest
from datetime import date

from server.queries import BadQuery, plan_of

TODAY = date(2026, 1, 1)
GOOD = {"principal": "1200.00", "rate": "0", "instalments": "12"}


class PlanOf(unittest.TestCase):
    def test_a_plan_starts_today_unless_told_otherwise(self) -> None:
        self.assertEqual(plan_of(GOOD, TODAY)[0].due, date(2026, 2, 1))
        later = plan_of({**GOOD, "start": "2026-05-10"}, TODAY)
        self.assertEqual(later[0].due, date(2026, 6, 10))

    def test_every_mistake_names_what_is_wrong(self) -> None:
        mistakes = {
            "principal": "ten",
            "rate": "-1",
            "instalments": "1201",
            "period": "hourly",
            "start": "yesterday",
        }
        for name, value in mistakes.items():
            with self.subTest(name=name), self.assertRaises(BadQuery) as refusal:
                plan_of({**GOOD, name: value}, TODAY)
            self.assertIn(value, str(refusal.exception))

    def test_numbers_that_never_end_are_refused(self) -> None:
        for value in ("NaN", "Infinity", "1e99"):
            with self.subTest(value=value), self.assertRaises(BadQuery):
                plan_of({**GOOD, "principal": value}, TODAY)
