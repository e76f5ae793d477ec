import unittest

from tests.unit.loading import load

panel = load("apps/admin-panel/main.py")


class Page(unittest.TestCase):
    def test_it_shows_every_loan(self) -> None:
        page = panel.page([{"number": "L-1", "owed": "10.00"}, {"number": "L-2", "owed": "7.50"}])
        for text in ("L-1", "10.00", "L-2", "7.50"):
            self.assertIn(f"<td>{text}</td>", page)

    def test_names_are_text_and_never_markup(self) -> None:
        page = panel.page([{"customer": "<script>alert(1)</script>"}])
        self.assertNotIn("<script>", page)

    def test_it_says_so_when_the_server_is_away(self) -> None:
        self.assertIn("does not answer", panel.page(panel.loans_of("")))

    def test_it_names_its_version(self) -> None:
        self.assertIn(f"version {panel.version()} ", panel.page([]))
