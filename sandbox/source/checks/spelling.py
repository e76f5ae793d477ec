#!/usr/bin/env python3
"""Look for words that are often misspelt, in code, pages and text; names are taken apart."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "checks" / "misspellings.txt"
KINDS = {".py", ".md", ".html", ".toml", ".json", ".rc", ".release", ""}
# CamelCase and snake_case are words, too.
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def known() -> dict[str, str]:
    """Return wrong → right."""
    lines = [line for line in LIST.read_text().splitlines() if " → " in line and line[0] != "#"]
    return {wrong: right for wrong, _, right in (line.partition(" → ") for line in lines)}


def files() -> list[Path]:
    """Return what people write here; what git keeps, and what is made, is left out."""
    found = []
    for file in sorted(ROOT.rglob("*")):
        parts = file.relative_to(ROOT).parts
        made = parts[0] in {".git", "dist"} or "__pycache__" in parts or "screenshots" in parts
        if file.is_file() and not made and file.suffix in KINDS and file != LIST:
            found.append(file)
    return found


def findings(text: str, wrong: dict[str, str]) -> Iterator[tuple[int, int, str, str]]:
    """Yield (line, column, wrong, right)."""
    phrases = [phrase for phrase in wrong if " " in phrase]
    for number, line in enumerate(text.splitlines(), 1):
        for found in WORD.finditer(line):
            word = found[0].lower()
            if word in wrong:
                yield number, found.start() + 1, word, wrong[word]
        for phrase in phrases:
            if (at := line.lower().find(phrase)) >= 0:
                yield number, at + 1, phrase, wrong[phrase]


def main() -> int:
    """Print what is wrong, and return how it went."""
    wrong = known()
    looked, count = files(), 0
    for file in looked:
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue  # no text
        for line, column, word, right in findings(text, wrong):
            place = f"{file.relative_to(ROOT)}:{line}:{column}"
            print(f"{place}: `{word}` should be `{right}`", file=sys.stderr)
            count += 1
    print(f"{len(looked)} files, {count} misspelt words")
    return 1 if count else 0


if __name__ == "__main__":
    raise SystemExit(main())
