import json
import unittest
from datetime import date
from decimal import Decimal

from server.answers import to_json


class ToJson(unittest.TestCase):
    def test_amounts_are_strings_and_keep_their_places(self) -> None:
        self.assertEqual(json.loads(to_json({"owed": Decimal("0.10")})), {"owed": "0.10"})
        self.assertEqual(json.loads(to_json(Decimal("1E+3"))), "1000")

    def test_days_are_iso_dates(self) -> None:
        self.assertEqual(json.loads(to_json([date(2026, 1, 31)])), ["2026-01-31"])
