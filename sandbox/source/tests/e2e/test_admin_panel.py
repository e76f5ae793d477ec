from tests.e2e.services import EndToEnd


class AdminPanel(EndToEnd):
    def test_it_shows_the_loans_of_the_server(self) -> None:
        server = self.start("-m", "server", "serve")
        panel = self.start("apps/admin-panel/main.py", LANA_BANK_URL=server.url)
        version = self.app_version("admin-panel")
        self.assert_healthy(panel, version)
        status, page = panel.get("/")
        self.assertEqual(status, 200)
        self.assertIn("<td>L-1001</td>", page)
        self.assertIn(f"version {version}", page)
        self.assertEqual(panel.get("/nowhere")[0], 404)
        self.assertEqual(panel.stop(), 0)
