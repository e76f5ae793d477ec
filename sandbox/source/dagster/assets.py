"""The tables of the data warehouse that follow from the loans."""

import json
import os
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from graph import Asset

Rows = Sequence[Mapping[str, object]]
EXTRACT = Path(__file__).resolve().parent / "loans.json"


def loans() -> Rows:
    """Return the bank's loans: from the server at LANA_BANK_URL, else from the sample extract."""
    server = os.environ.get("LANA_BANK_URL", "")
    if server.startswith(("http://", "https://")):
        with urllib.request.urlopen(f"{server}/api/loans", timeout=5) as answer:
            rows = json.load(answer)
    else:
        rows = json.loads(EXTRACT.read_text())
    if not isinstance(rows, list):
        raise TypeError("the loans are not a list")
    return rows


def exposure(rows: Rows) -> dict[str, str]:
    """Return what is owed by product, as decimal strings."""
    owed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        owed[str(row["product"])] += Decimal(str(row["owed"]))
    return {product: f"{amount:.2f}" for product, amount in sorted(owed.items())}


def concentration(owed: Mapping[str, str]) -> dict[str, str]:
    """Return each product's share of everything owed, in per cent with one decimal."""
    total = sum((Decimal(amount) for amount in owed.values()), Decimal(0))
    if not total:
        return dict.fromkeys(owed, "0.0")
    return {product: f"{Decimal(amount) * 100 / total:.1f}" for product, amount in owed.items()}


def yearly_interest(rows: Rows) -> str:
    """Return the interest of one year on what is owed today."""
    parts = (Decimal(str(row["owed"])) * Decimal(str(row["yearly_rate"])) / 100 for row in rows)
    return f"{sum(parts, Decimal(0)):.2f}"


ASSETS = {
    asset.name: asset
    for asset in (
        Asset("loans", (), loans),
        Asset("exposure", ("loans",), exposure),
        Asset("concentration", ("exposure",), concentration),
        Asset("yearly_interest", ("loans",), yearly_interest),
    )
}
