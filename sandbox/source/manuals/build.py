#!/usr/bin/env python3
"""Build the manuals, and look at the whole site: descriptions, screenshots and pointers.

What a page promises has to be there: the pages it names, and the screenshots, which the tests of
the portals take. The site's own programs say which path of the API, or which event, has no
description; what they write is looked at as well.
"""

import argparse
import html
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SITE = ROOT / "docs-site"
HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.S)
POINTER = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def generated() -> Iterator[str]:
    """Have the site's own programs write their pages; yield what they complain about."""
    for program in sorted(SITE.glob("scripts/*.py")):
        done = subprocess.run(
            [sys.executable, str(program)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            yield from done.stderr.strip().splitlines() or [f"{program.name} failed"]


def fields(text: str) -> dict[str, str]:
    """Return the fields in front of a page."""
    found = HEAD.match(text)
    lines = found[1].splitlines() if found else []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def complaints(file: Path) -> Iterator[str]:
    """Yield what is wrong with a page."""
    name, text = file.relative_to(ROOT), file.read_text()
    told = fields(text)
    needed = ("title", "description") if file.parent == HERE else ("title",)
    yield from (f"{name}: it has no {key}" for key in needed if not told.get(key))
    for number, line in enumerate(text.splitlines(), 1):
        for picture, words, target in POINTER.findall(line):
            if picture and not words:
                yield f"{name}:{number}: {target} has no description"
            if "://" in target or (file.parent / target).is_file():
                continue
            what = "the screenshot" if picture else "the page"
            yield f"{name}:{number}: {what} {target} is missing"


def page(text: str) -> str:
    """Return a page as HTML: headings, paragraphs, tables and pictures."""
    told = fields(text)
    body = "\n".join(filter(None, map(block, HEAD.sub("", text).strip().split("\n\n"))))
    title, description = html.escape(told["title"]), html.escape(told["description"])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="description" content="{description}">\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def block(text: str) -> str:
    """Return one block of a page as HTML."""
    if text.startswith("# "):
        return f"<h1>{inline(text[2:])}</h1>"
    if text.startswith("|"):
        head, _, *rows = (line.strip("| ").split(" | ") for line in text.splitlines())
        cells = [
            f"<tr>{''.join(f'<{tag}>{inline(cell)}</{tag}>' for cell in row)}</tr>"
            for tag, row in [("th", head), *(("td", row) for row in rows)]
        ]
        return f"<table>{''.join(cells)}</table>"
    return f"<p>{inline(text)}</p>"


def inline(text: str) -> str:
    """Return text with its pointers, code and emphasis as HTML."""

    def point(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if picture:
            return f'<img src="{target}" alt="{words}">'
        return f'<a href="{re.sub("[.]md$", ".html", target)}">{words}</a>'

    text = POINTER.sub(point, html.escape(text, quote=False))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)


def main() -> int:
    """Write the manuals to the folder that `--output` names, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    output: Path = parser.parse_args().output
    wrong = list(generated())
    manuals = sorted(HERE.glob("*.md"))
    pages = [*manuals, *sorted(SITE.glob("docs/**/*.md"))]
    wrong += [line for file in pages for line in complaints(file)]
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        output.mkdir(parents=True, exist_ok=True)
        for file in manuals:
            (output / f"{file.stem}.html").write_text(page(file.read_text()))
        shutil.copytree(HERE / "screenshots", output / "screenshots", dirs_exist_ok=True)
    print(f"{len(pages)} pages, {len(wrong)} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
