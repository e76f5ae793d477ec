import unittest

from tests.unit.loading import load

graph = load("dagster/graph.py")
assets = load("dagster/assets.py")


class Materialize(unittest.TestCase):
    def test_a_table_is_computed_from_those_it_needs(self) -> None:
        self.assertEqual(
            graph.materialize(assets.ASSETS, "exposure"), {"car": "20000.00", "home": "100000.00"}
        )
        self.assertEqual(graph.materialize(assets.ASSETS, "yearly_interest"), "5337.50")

    def test_shares_add_up(self) -> None:
        shares = graph.materialize(assets.ASSETS, "concentration")
        self.assertEqual(shares, {"car": "16.7", "home": "83.3"})

    def test_a_circle_is_refused(self) -> None:
        circle = {
            name: graph.Asset(name, (need,), str) for name, need in (("a", "b"), ("b", "a"))
        }
        with self.assertRaisesRegex(ValueError, "a -> b -> a"):
            graph.materialize(circle, "a")
