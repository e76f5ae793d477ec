"""How values become JSON."""

import json
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal


def to_json(value: object) -> bytes:
    """Return `value` as JSON. Amounts are strings: a JSON number would make them floats again."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
