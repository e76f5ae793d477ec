import unittest

from tests.unit.loading import load

graph = load("dagster/graph.py")


class Once(unittest.TestCase):
    def test_a_table_that_two_others_need_is_computed_once(self) -> None:
        asked: list[str] = []
        assets = {
            "loans": graph.Asset("loans", (), lambda: asked.append("loans")),
            "left": graph.Asset("left", ("loans",), lambda _: "left"),
            "right": graph.Asset("right", ("loans",), lambda _: "right"),
            "both": graph.Asset("both", ("left", "right"), lambda *tables: tables),
        }
        self.assertEqual(graph.materialize(assets, "both"), ("left", "right"))
        self.assertEqual(asked, ["loans"])
