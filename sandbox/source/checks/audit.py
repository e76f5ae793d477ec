#!/usr/bin/env python3
"""Audit what the pages take from others: the lock against the pages, and against advisories."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "apps" / "lock.json"
ADVISORIES = ROOT / "checks" / "advisories.json"
GRAVE = {"high", "critical"}
# /* NAME VERSION */ … /* end of NAME */ in a page
PART = re.compile(r"/\* (\S+) (\d+\.\d+\.\d+) \*/\n(.*?)/\* end of \1 \*/", re.S)
Number = tuple[int, ...]


def number(version: str) -> Number:
    """Return a version as numbers that compare."""
    return tuple(int(part) for part in version.split("."))


def integrity(text: str) -> str:
    """Return what the lock says of a component's text."""
    return f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"


def changed(lock: dict[str, Any]) -> Iterator[str]:
    """Yield where a page differs from the lock."""
    seen = set()
    for page in sorted(ROOT.glob("apps/*/page.html")):
        for name, version, text in PART.findall(page.read_text()):
            seen.add(name)
            told = lock.get(name)
            where = page.relative_to(ROOT)
            if told is None:
                yield f"{where}: {name} is not in the lock"
            elif told["version"] != version:
                yield f"{where}: {name} is {version}, locked at {told['version']}"
            elif told["integrity"] != integrity(text):
                yield f"{where}: {name} {version} is not the text that was locked"
    yield from (f"{name} is locked, and used by no page" for name in sorted(set(lock) - seen))


def weak(lock: dict[str, Any], advisories: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """Yield each advisory that hits a locked version, and whether it is grave."""
    for told in advisories:
        locked = lock.get(told["component"])
        if locked and number(told["from"]) <= number(locked["version"]) < number(told["fixed"]):
            yield (
                f"{told['id']} ({told['severity']}): {told['component']} {locked['version']},"
                f" {told['title']}; fixed in {told['fixed']}",
                told["severity"] in GRAVE,
            )


def main() -> int:
    """Print what is wrong, and return how it went."""
    lock = json.loads(LOCK.read_text())["components"]
    wrong = list(changed(lock))
    known = list(weak(lock, json.loads(ADVISORIES.read_text())))
    for line in [*wrong, *(line for line, is_grave in known if is_grave)]:
        print(line, file=sys.stderr)
    for line in (line for line, is_grave in known if not is_grave):
        print(line)
    grave = sum(is_grave for _, is_grave in known)
    print(f"{len(lock)} components, {grave} grave and {len(known) - grave} other advisories")
    return 1 if wrong or grave else 0


if __name__ == "__main__":
    raise SystemExit(main())
