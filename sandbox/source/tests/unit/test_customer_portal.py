import unittest

from tests.unit.loading import load

portal = load("apps/customer-portal/main.py")


class Page(unittest.TestCase):
    def test_the_form_keeps_what_the_customer_typed(self) -> None:
        self.assertIn('value="777.00"', portal.page("", {"principal": "777.00"}))

    def test_what_was_typed_is_never_markup(self) -> None:
        self.assertNotIn('"><b>', portal.page("", {"principal": '"><b>'}))

    def test_it_says_so_when_the_server_is_away(self) -> None:
        self.assertIn("closed for the moment", portal.page("", {}))

    def test_it_names_its_version(self) -> None:
        self.assertIn(f"version {portal.version()} ", portal.page("", {}))
