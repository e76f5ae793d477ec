"""The data pipeline against a database: extract, load, transform by SQL, compare with the assets."""

import sqlite3
import sys
from collections.abc import Mapping
from decimal import Decimal

from tests.unit.loading import ROOT, load

SCHEMA = """
create table loans (
    number text primary key,
    product text not null,
    owed_cents integer not null check (owed_cents >= 0),
    rate_basis_points integer not null check (rate_basis_points >= 0)
);
create view exposure as
    select product, sum(owed_cents) as owed_cents from loans group by product;
create view yearly_interest as
    select sum(owed_cents * rate_basis_points) as interest from loans;
"""


def check(database: sqlite3.Connection) -> tuple[list[str], int]:
    """Return what differs between the warehouse and the assets, and how many tables were read."""
    sys.path.insert(0, str(ROOT / "dagster"))
    graph, assets = load("dagster/graph.py"), load("dagster/assets.py")
    tables = {name: graph.materialize(assets.ASSETS, name) for name in assets.ASSETS}
    _load(database, tables["loans"])
    exposure = {
        product: f"{Decimal(cents) / 100:.2f}"
        for product, cents in database.execute("select product, owed_cents from exposure")
    }
    (interest,) = database.execute("select interest from yearly_interest").fetchone()
    # Cents times hundredths of a per cent: six places behind the amount.
    seen = {
        "exposure": exposure,
        "yearly_interest": f"{Decimal(interest) / 1000000:.2f}",
        "concentration": _shares(exposure),
    }
    wrong = [
        f"{name}: the warehouse has {value}, the asset {tables[name]}"
        for name, value in seen.items()
        if tables[name] != value
    ]
    missing = sorted(set(tables) - {"loans", *seen})
    wrong += [f"{name}: the warehouse does not know this asset" for name in missing]
    return wrong, len(tables)


def _load(database: sqlite3.Connection, rows: list[Mapping[str, str]]) -> None:
    with database:
        database.executemany(
            "insert into loans values (?, ?, ?, ?)",
            [
                (
                    row["number"],
                    row["product"],
                    int(Decimal(row["owed"]) * 100),
                    int(Decimal(row["yearly_rate"]) * 100),
                )
                for row in rows
            ],
        )


def _shares(exposure: Mapping[str, str]) -> dict[str, str]:
    total = sum((Decimal(amount) for amount in exposure.values()), Decimal(0))
    return {name: f"{Decimal(amount) * 100 / total:.1f}" for name, amount in exposure.items()}
