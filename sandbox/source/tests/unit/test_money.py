import unittest
from decimal import Decimal

from server.money import cents


class Cents(unittest.TestCase):
    def test_less_than_half_a_cent_goes_down_and_more_goes_up(self) -> None:
        self.assertEqual(cents(Decimal("1.004")), Decimal("1.00"))
        self.assertEqual(cents(Decimal("1.006")), Decimal("1.01"))

    def test_half_a_cent_goes_to_the_even_cent(self) -> None:
        self.assertEqual(cents(Decimal("1.005")), Decimal("1.00"))
        self.assertEqual(cents(Decimal("1.015")), Decimal("1.02"))

    def test_amounts_always_show_two_places(self) -> None:
        self.assertEqual(str(cents(Decimal("7"))), "7.00")
