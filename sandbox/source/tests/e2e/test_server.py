import json

from tests.e2e.services import STAMP, EndToEnd


class Server(EndToEnd):
    def test_every_endpoint_answers(self) -> None:
        server = self.start("-m", "server", "serve")
        self.assert_healthy(server, STAMP["VERSION"])
        told = {"version": STAMP["VERSION"], "commit": STAMP["COMMITHASH"]}
        self.assertEqual(server.json("/version"), told)
        self.assertIn("monthly", str(server.json("/api/periods")))
        self.assertIn("L-1001", str(server.json("/api/loans")))
        self.assertIn("income:interest", str(server.json("/api/ledger")))

    def test_a_schedule_is_worked_out_and_a_bad_question_refused(self) -> None:
        server = self.start("-m", "server", "serve")
        plan = server.json("/api/schedule?principal=1000&rate=5&instalments=3&start=2026-01-31")
        assert isinstance(plan, list)
        self.assertEqual([line["due"] for line in plan], ["2026-02-28", "2026-03-31", "2026-04-30"])
        status, text = server.get("/api/schedule?principal=much&rate=5")
        self.assertEqual((status, "much" in json.loads(text)["error"]), (400, True))
        self.assertEqual(server.get("/nowhere")[0], 404)

    def test_it_ends_well_when_told_to(self) -> None:
        self.assertEqual(self.start("-m", "server", "serve").stop(), 0)
