"""Write the page of the HTTP API: each path that the server answers, with its description."""

import json
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SITE.parent))

from server.web import ROUTES  # noqa: E402 - only where the server is, it can be imported


def main() -> int:
    """Write `docs/apis/http.md`; 1 when a path has no description."""
    told = json.loads((SITE / "descriptions.json").read_text())
    missing = [path for path in ROUTES if not told.get(path)]
    for path in missing:
        print(f"{path} has no description in docs-site/descriptions.json", file=sys.stderr)
    if missing:
        return 1
    rows = "".join(f"| `{path}` | {told[path]} |\n" for path in ROUTES)
    page = SITE / "docs/apis/http.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        "---\ntitle: HTTP API\n---\n\n# HTTP API\n\n"
        f"Every answer is JSON.\n\n| Path | Answer |\n| --- | --- |\n{rows}"
    )
    print(f"{len(ROUTES)} paths")
    return 0


if __name__ == "__main__":
    sys.exit(main())
