from tests.e2e.services import STAMP, EndToEnd


class Dagster(EndToEnd):
    def test_it_computes_its_assets_from_the_loans_of_the_server(self) -> None:
        server = self.start("-m", "server", "serve")
        location = self.start("dagster/main.py", LANA_BANK_URL=server.url)
        self.assert_healthy(location, STAMP["VERSION"])
        assets = location.json("/assets")
        assert isinstance(assets, dict)
        self.assertEqual(assets["exposure"], ["loans"])
        for name in assets:
            self.assertIn(name, str(location.json(f"/assets/{name}")))
        exposure = str(location.json("/assets/exposure"))
        for product in ("business", "car", "home"):
            self.assertIn(product, exposure)
        self.assertEqual(location.get("/assets/nowhere")[0], 404)
        self.assertEqual(location.stop(), 0)

    def test_it_says_so_when_the_server_is_away(self) -> None:
        location = self.start("dagster/main.py", LANA_BANK_URL="http://127.0.0.1:9")
        self.assertEqual(location.get("/assets/loans")[0], 502)
