import unittest
from decimal import Decimal

from server import book
from server.ledger import Entry, Ledger


class Posting(unittest.TestCase):
    def test_an_amount_leaves_one_account_and_enters_the_other(self) -> None:
        ledger = Ledger()
        ledger.post(Entry("loan", "cash", Decimal("12.30")))
        self.assertEqual(ledger.balance("loan"), Decimal("12.30"))
        self.assertEqual(ledger.balance("cash"), Decimal("-12.30"))
        self.assertEqual(ledger.balance("never used"), 0)

    def test_what_is_no_booking_is_refused_and_leaves_no_trace(self) -> None:
        ledger = Ledger()
        for debit, credit, amount in (("a", "b", "0"), ("a", "b", "1.001"), ("a", "a", "1")):
            with self.subTest(amount=amount), self.assertRaises(ValueError):
                ledger.post(Entry(debit, credit, Decimal(amount)))
        self.assertEqual(ledger.trial_balance(), {})


class Book(unittest.TestCase):
    def test_the_books_balance(self) -> None:
        self.assertEqual(sum(book.ledger().trial_balance().values()), 0)

    def test_the_ledger_and_the_loans_agree_on_what_is_owed(self) -> None:
        ledger = book.ledger()
        for loan in book.loans():
            self.assertEqual(ledger.balance(f"loan:{loan.number}"), loan.summary()["owed"])
