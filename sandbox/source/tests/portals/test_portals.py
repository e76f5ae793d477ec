import os
import urllib.error
from decimal import Decimal
from pathlib import Path

from tests.e2e.services import EndToEnd
from tests.portals.browser import Page, send, visit
from tests.portals.screenshot import take

SHOTS = Path(os.environ.get("SCREENSHOTS") or "screenshots")


class Portals(EndToEnd):
    """Both portals in front of one server."""

    def shoot(self, page: Page, name: str) -> None:
        """Keep what is seen, for the manuals."""
        take(page, SHOTS / f"{name}.svg")

    def test_a_clerk_reads_the_loan_book(self) -> None:
        server = self.start("-m", "server", "serve")
        panel = self.start("apps/admin-panel/main.py", LANA_BANK_URL=server.url)
        page = visit(panel.url)
        self.assertEqual(page.title, "Lana Bank · admin panel")
        self.assertIn("L-1003", page.column("number"))
        owed = sum(Decimal(amount) for amount in page.column("owed"))
        lent = sum(Decimal(amount) for amount in page.column("principal"))
        self.assertTrue(0 < owed < lent)
        self.shoot(page, "admin-panel-loan-book")

    def test_a_clerk_is_told_that_the_server_is_away(self) -> None:
        panel = self.start("apps/admin-panel/main.py", LANA_BANK_URL="http://127.0.0.1:9")
        self.assertTrue(visit(panel.url).sees("The server does not answer"))

    def test_a_customer_works_out_a_loan(self) -> None:
        server = self.start("-m", "server", "serve")
        portal = self.start("apps/customer-portal/main.py", LANA_BANK_URL=server.url)
        page = visit(portal.url)
        self.assertEqual((page.rows, page.buttons), ([], ["Work it out"]))
        self.shoot(page, "customer-portal-empty")
        for period in page.choices["period"]:
            plan = send(page, principal="1200", rate="4", instalments="12", period=period)
            self.assertEqual(plan.fields["period"], period)
            self.assertEqual([Decimal(each) for each in plan.column("balance")][-1], 0)
        self.shoot(plan, "customer-portal-plan")
        refused = send(page, principal="much")
        self.assertEqual((refused.rows, refused.sees("is not a number")), ([], True))
        self.shoot(refused, "customer-portal-refusal")

    def test_there_is_no_other_page(self) -> None:
        portal = self.start("apps/customer-portal/main.py")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            visit(f"{portal.url}/admin")
        caught.exception.close()
        self.assertEqual(caught.exception.code, 404)
