from tests.e2e.services import EndToEnd


class CustomerPortal(EndToEnd):
    def test_it_works_out_a_plan(self) -> None:
        server = self.start("-m", "server", "serve")
        portal = self.start("apps/customer-portal/main.py", LANA_BANK_URL=server.url)
        version = self.app_version("customer-portal")
        self.assert_healthy(portal, version)
        status, page = portal.get("/")
        self.assertEqual(status, 200)
        self.assertIn("<option>quarterly</option>", page)
        self.assertIn(f"version {version}", page)
        plan = portal.get("/?principal=1200&rate=0&instalments=2")[1]
        self.assertIn("<td>600", plan)
        refusal = portal.get("/?principal=much")[1]
        self.assertIn("is not a number", refusal)
        self.assertEqual(portal.stop(), 0)
