"""Write the schema of every event as JSON Schema, and the page that lists them."""

import json
import sys
from dataclasses import MISSING, fields
from pathlib import Path

SITE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SITE.parent))

from server.ledger import Entry  # noqa: E402 - only where the server is, it can be imported

EVENTS = (Entry,)
KINDS = {"str": "string", "Decimal": "string"}  # amounts travel as text: they are exact


def schema(event: type, told: dict[str, str]) -> dict[str, object]:
    """Return an event's schema; a field without a description is a KeyError."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event.__name__,
        "description": told[event.__name__],
        "type": "object",
        "properties": {
            field.name: {
                "type": KINDS[getattr(field.type, "__name__", field.type)],
                "description": told[f"{event.__name__}.{field.name}"],
            }
            for field in fields(event)
        },
        "required": [field.name for field in fields(event) if field.default is MISSING],
    }


def main() -> int:
    """Write `schemas/current` and `docs/apis/events.md`; 1 when a description is missing."""
    told = json.loads((SITE / "descriptions.json").read_text())
    try:
        schemas = {event.__name__: schema(event, told) for event in EVENTS}
    except KeyError as missing:
        print(f"{missing} has no description in docs-site/descriptions.json", file=sys.stderr)
        return 1
    page = "---\ntitle: Events\n---\n\n# Events\n"
    for name, value in schemas.items():
        file = SITE / f"schemas/current/{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value, indent=2) + "\n")
        page += f"\n## {name}\n\n{value['description']}\n\n| Field | Meaning |\n| --- | --- |\n"
        for field, kind in value["properties"].items():
            page += f"| `{field}` | {kind['description']} |\n"
    file = SITE / "docs/apis/events.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page)
    print(f"{len(schemas)} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
